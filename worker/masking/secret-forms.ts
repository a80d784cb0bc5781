/** Shorter texts would mask half of every output and hide nothing. */
export const leastSecretLength = 4;

/** Lines of a secret of several lines are secrets too, from this length on: scripts print such texts line by line. */
const leastSecretLineLength = 8;

/** Characters of a secret; a longer one is looked for as it is and as JSON only, since each form takes memory for each character. */
const longestEncodedSecret = 16 * 1024;

/**
 * The texts that show a secret: as it is and line by line, and as JSON, URLs, XML, base64, hexadecimal and UTF-16 write it, also
 * within a longer text that was written so. None is shorter than `leastSecretLength`; none for a secret that is.
 */
export function formsOf(secret: string): string[] {
  if (secret.length < leastSecretLength) return [];
  const forms = new Set([secret, ...jsonForms(secret), ...lines(secret)]);
  if (secret.length <= longestEncodedSecret) {
    const written = [urlForms, xmlForms, utf16Forms, hexadecimalForms, base64Forms].flatMap((write) => write(secret));
    for (const form of written) forms.add(form);
  }
  return [...forms].filter((form) => form.length >= leastSecretLength);
}

/** In quotes, and in the quotes of a JSON text within a JSON text; by writers that escape much, and by those that escape little. */
function jsonForms(secret: string): string[] {
  const once = JSON.stringify(secret).slice(1, -1);
  const lower = escaped(once, /[^\x20-\x7e]/g, (code) => code);
  const upper = escaped(once, /[^\x20-\x7e]/g, (code) => code.toUpperCase());
  // .NET's writer and PowerShell's `EscapeHtml` escape what HTML could take for its own.
  const forHtml = escaped(once.replaceAll('\\"', "\\u0022"), /[<>&'+`]|[^\x20-\x7e]/g, (code) => code);
  const forHtmlUpper = escaped(once.replaceAll('\\"', "\\u0022"), /[<>&'+`]|[^\x20-\x7e]/g, (code) =>
    code.toUpperCase(),
  );
  // In the quotes of Node's inspector (`'`), a double quote needs no backslash.
  const inspected = once.replaceAll('\\"', '"');
  return [once, lower, upper, forHtml, forHtmlUpper, inspected, JSON.stringify(once).slice(1, -1)];
}

function escaped(text: string, which: RegExp, hexadecimal: (code: string) => string): string {
  return text.replaceAll(which, (unit) => `\\u${hexadecimal(unit.charCodeAt(0).toString(16).padStart(4, "0"))}`);
}

/** Percent-encoded by the writers of the web and of .NET, whose digits may be of either case. */
function urlForms(secret: string): string[] {
  if (!secret.isWellFormed()) return [];
  const component = encodeURIComponent(secret);
  const strict = component.replaceAll(/[!'()*]/g, percentEncoded);
  const form = new URLSearchParams([["", secret]]).toString().slice(1);
  const upper = [component, strict, form, form.replaceAll("~", "%7E"), encodeURI(secret)];
  return [...upper, ...upper.map((text) => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function xmlForms(secret: string): string[] {
  const text = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = text.replaceAll('"', "&quot;");
  return [text, quoted, quoted.replaceAll("'", "&apos;"), quoted.replaceAll("'", "&#39;")];
}

/** The bytes of UTF-16, read as the UTF-8 that everything else is: `s\0e\0c\0` and `\0s\0e\0c`. */
function utf16Forms(secret: string): string[] {
  const { little, big } = utf16(secret);
  return [little.subarray(0, -1), big.subarray(1)]
    .map((bytes) => bytes.toString("utf8"))
    .filter((text) => !text.includes("\ufffd"));
}

/** Of its UTF-8 and of its UTF-16; the latter is what `ConvertFrom-SecureString` makes of one where there is no Windows. */
function hexadecimalForms(secret: string): string[] {
  const lower = [Buffer.from(secret, "utf8"), utf16(secret).little].map((bytes) => bytes.toString("hex"));
  return [...lower, ...lower.map((text) => text.toUpperCase())];
}

/** Of its UTF-8 and of its UTF-16, wherever it lies in what was encoded. */
function base64Forms(secret: string): string[] {
  const { little, big } = utf16(secret);
  const standard = [Buffer.from(secret, "utf8"), little, big].flatMap((bytes) =>
    [0, 1, 2].map((before) => base64Within(bytes, before)),
  );
  return [...standard, ...standard.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))];
}

/** The digits that tell nothing but these bytes, where so many bytes (modulo 3) come before them. */
function base64Within(bytes: Buffer, before: number): string {
  const digits = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  const first = Math.ceil((before * 8) / 6);
  const end = Math.floor(((before + bytes.length) * 8) / 6);
  return digits.slice(first, end);
}

function utf16(secret: string): { little: Buffer; big: Buffer } {
  const little = Buffer.from(secret, "utf16le");
  return { little, big: Buffer.from(little).swap16() };
}

function lines(secret: string): string[] {
  const found = secret.split(/\r?\n/).map((line) => line.trim());
  return found.length === 1 ? [] : found.filter((line) => line.length >= leastSecretLineLength);
}
