import type { RunbookKind } from "../../contract/runbook-kind.ts";
import { hostKindOf } from "../../contract/runbook-kind.ts";

/**
 * Of which kind a text is. A PowerShell text that has a workflow at its top level is a `PowerShellWorkflow`, whatever it was called; every
 * other text is of the kind that it is said to be, but that one without a workflow is no `PowerShellWorkflow`.
 */
export function kindOfScript(said: RunbookKind, text: string): RunbookKind {
  if (hostKindOf[said] !== "pwsh") {
    return said;
  }
  return /\bworkflow\b/i.test(text) && hasWorkflow(text) ? "PowerShellWorkflow" : "PowerShell";
}

/** Whether a workflow is defined outside of all braces and brackets. It goes over the text once, and never back. */
function hasWorkflow(text: string): boolean {
  return new StatementScan(text).findsWorkflow();
}

const singleQuotes = "'\u2018\u2019\u201A\u201B";
const doubleQuotes = '"\u201C\u201D\u201E';
const newLine = /[\r\n]/;
/** What follows the keyword, with comments and continued lines between: a name, then its parameters or its body. */
const nameAndBody =
  /(?:[ \t]|`\r?\n|<#[\s\S]{0,4000}?#>){1,200}[^\s{}()<>;|&,'"$@#`]{1,256}(?:\s|`\r?\n|<#[\s\S]{0,4000}?#>|#[^\r\n]{0,4000}[\r\n]){0,200}[{(]/y;
/** After these a statement goes on in the next line. */
const goesOn = /^(?:[|,=+*/%-]|[|&]{2}|[-+*/%]=|-(?:and|or|xor|eq|ne|f))$/i;

const startOfName = /[\p{L}_-]/u;
const name = /[^\s{}();|&,'"‘’‚‛“”„`$@]+/y;
const variableOrSign = /[$@]?[\p{L}\p{N}_:?]+|[^\s{}();'"‘’‚‛“”„`]/uy;
const deepestText = 100;

/**
 * Reads PowerShell as far as it takes to know where a statement begins: comments, texts with what is put into them, here-strings,
 * names in braces and escaped characters are passed over.
 */
class StatementScan {
  readonly #text: string;
  #position = 0;
  #depth = 0;
  #texts = 0;

  constructor(text: string) {
    this.#text = text;
  }

  findsWorkflow(): boolean {
    return this.#code(null);
  }

  /** Passes over code up to a closing bracket that was not opened here. @returns whether a workflow was found at the top level. */
  #code(closing: ")" | null): boolean {
    const outer = this.#depth;
    let begins = true;
    let last = "";
    while (this.#position < this.#text.length) {
      const sign = this.#text.charAt(this.#position);
      if (newLine.test(sign)) {
        begins ||= !goesOn.test(last);
        this.#position += 1;
      } else if (/\s/.test(sign)) {
        this.#position += 1;
      } else if (this.#passesComment()) {
        // It is between any two things.
      } else if (sign === "`") {
        this.#position += this.#text.startsWith("\r\n", this.#position + 1) ? 3 : 2;
      } else if (this.#passesText() || this.#passesBracedName()) {
        begins = false;
        last = "";
      } else if ("{(".includes(sign)) {
        this.#depth += 1;
        this.#position += 1;
        begins = true;
        last = "";
      } else if ("})".includes(sign)) {
        if (sign === closing && this.#depth === outer) {
          return false;
        }
        this.#depth = Math.max(outer, this.#depth - 1);
        this.#position += 1;
        begins = sign === "}";
        last = "";
      } else if (sign === ";") {
        this.#position += 1;
        begins = true;
        last = "";
      } else {
        last = this.#word();
        if (begins && closing === null && this.#depth === 0 && last.toLowerCase() === "workflow") {
          nameAndBody.lastIndex = this.#position;
          if (nameAndBody.test(this.#text)) {
            return true;
          }
        }
        if (last === "--%") {
          this.#toEndOfLine();
        }
        begins = false;
      }
    }
    return false;
  }

  #passesComment(): boolean {
    if (this.#text.startsWith("<#", this.#position)) {
      const end = this.#text.indexOf("#>", this.#position + 2);
      this.#position = end === -1 ? this.#text.length : end + 2;
      return true;
    }
    if (this.#text.charAt(this.#position) === "#") {
      this.#toEndOfLine();
      return true;
    }
    return false;
  }

  #toEndOfLine(): void {
    while (this.#position < this.#text.length && !newLine.test(this.#text.charAt(this.#position))) {
      this.#position += 1;
    }
  }

  #passesText(): boolean {
    const start = this.#position;
    const isMarked = this.#text.charAt(start) === "@";
    const quote = this.#text.charAt(isMarked ? start + 1 : start);
    const quotes = singleQuotes.includes(quote) ? singleQuotes : doubleQuotes;
    if (quote === "" || !quotes.includes(quote)) {
      return false;
    }
    this.#position = start + (isMarked ? 2 : 1);
    if (isMarked) {
      this.#toEndOfLine();
    }
    while (this.#position < this.#text.length) {
      const sign = this.#text.charAt(this.#position);
      if (quotes === doubleQuotes && sign === "`") {
        this.#position += 2;
      } else if (quotes === doubleQuotes && this.#text.startsWith("$(", this.#position)) {
        this.#position += 2;
        this.#inserted();
      } else if (isMarked) {
        this.#position += 1;
        const ends = newLine.test(sign) && quotes.includes(this.#text.charAt(this.#position) || "x");
        if (ends && this.#text.charAt(this.#position + 1) === "@") {
          this.#position += 2;
          return true;
        }
      } else if (quotes.includes(sign)) {
        // Two quotes are one within the text.
        const next = this.#text.charAt(this.#position + 1);
        this.#position += 1;
        if (next === "" || !quotes.includes(next)) {
          return true;
        }
        this.#position += 1;
      } else {
        this.#position += 1;
      }
    }
    return true;
  }

  /** Code that is put into a text. Deeper than PowerShell itself can read, there is nothing to find. */
  #inserted(): void {
    if (this.#texts === deepestText) {
      this.#position = this.#text.length;
      return;
    }
    this.#texts += 1;
    this.#code(")");
    this.#position += 1;
    this.#texts -= 1;
  }

  /** `${any name}`, in which brackets and quotes are letters. */
  #passesBracedName(): boolean {
    if (!this.#text.startsWith("${", this.#position)) {
      return false;
    }
    this.#position += 2;
    while (this.#position < this.#text.length && this.#text.charAt(this.#position) !== "}") {
      this.#position += this.#text.charAt(this.#position) === "`" ? 2 : 1;
    }
    this.#position += 1;
    return true;
  }

  /** A variable, a number, or all up to a space or a sign that ends words; a `#` within a word is a letter of it. */
  #word(): string {
    const start = this.#position;
    const pattern = startOfName.test(this.#text.charAt(start)) ? name : variableOrSign;
    pattern.lastIndex = start;
    const [word = this.#text.charAt(start)] = pattern.exec(this.#text) ?? [];
    this.#position = start + word.length;
    return word;
  }
}
