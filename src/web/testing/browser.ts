/* For tests only. */

/** What a browser does that matters here: it keeps cookies by host, and follows redirects one by one. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** The cookies that go to an address. */
  cookiesOf(url: string): Map<string, string> {
    // Of a host, whatever the port (RFC 6265 §8.5); told apart by port here, as tests have one host only.
    const { host } = new URL(url);
    const known = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, known);
    return known;
  }

  /** One request, without following anything. */
  async get(url: string): Promise<Response> {
    const cookies = this.cookiesOf(url);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { redirect: "manual", headers: cookie === "" ? {} : { cookie } });
    for (const text of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (value === "" || /max-age=0\b/i.test(text) || /expires=Thu, 01 Jan 1970/i.test(text)) {
        cookies.delete(name);
      } else {
        cookies.set(name, value);
      }
    }
    return answer;
  }

  /** Follows redirects until an answer is none, or its address is one that `stop` says. */
  async follow(url: string, stop: (url: string) => boolean = () => false): Promise<{ url: string; answer: Response }> {
    let address = url;
    for (let hops = 0; hops < 20; hops++) {
      const answer = await this.get(address);
      const location = answer.headers.get("location");
      if (location === null) {
        return { url: address, answer };
      }
      await answer.arrayBuffer();
      address = new URL(location, address).href;
      if (stop(address)) {
        return { url: address, answer };
      }
    }
    throw new Error(`Redirects without an end, the last to ${address}`);
  }
}
