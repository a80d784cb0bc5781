import type { StatedNeeds } from "../needs.ts";
import { findNeedsInDocComment } from "../needs.ts";
import { ts } from "./compiler.ts";
import type { Main } from "./main-function.ts";
import type { ScriptProgram } from "./script-program.ts";

/** Every `@needs` in the script's doc comments. */
export function findNeeds(file: ts.SourceFile): StatedNeeds[] {
  const found: StatedNeeds[] = [];
  for (const { pos, end } of topLevelComments(file)) {
    for (const { text, offset } of findNeedsInDocComment(file.text.slice(pos, end)))
      found.push({ text, offset: pos + offset });
  }
  return found;
}

/** The first paragraph of what the script says of itself: at its function, or else at its top. */
export function synopsisOf(program: ScriptProgram, main: Main | undefined): string {
  const own =
    main === undefined ? "" : ts.displayPartsToString(main.signature.getDocumentationComment(program.checker));
  return firstParagraph(own) || firstParagraph(textOfFirstComment(program.file));
}

/** The doc comment of one member: what it says and the tags in it. */
export interface DocComment {
  description: string;
  tags: readonly { name: string; text: string }[];
}

/**
 * The doc comment right before a member. The compiler itself passes over one that stands on the line of what precedes it,
 * as in `{ /** @secret *\/ key: string }`.
 */
export function docCommentOf(member: ts.Node): DocComment {
  const file = member.getSourceFile();
  const start = member.getStart(file);
  const ranges = [
    ...(ts.getTrailingCommentRanges(file.text, member.pos) ?? []).filter(
      ({ end }) => !file.text.slice(end, start).includes("\n"),
    ),
    ...(ts.getLeadingCommentRanges(file.text, member.pos) ?? []),
  ];
  const last = ranges.findLast(({ pos }) => file.text.startsWith("/**", pos));
  if (last === undefined) return { description: "", tags: [] };
  const text = `${file.text.slice(last.pos, last.end)}\nvar member;`;
  const [statement] = ts.createSourceFile("comment.ts", text, ts.ScriptTarget.ESNext, true).statements;
  if (statement === undefined) return { description: "", tags: [] };
  const description = ts.getJSDocCommentsAndTags(statement).find(ts.isJSDoc)?.comment;
  return {
    description: (ts.getTextOfJSDocComment(description) ?? "").replaceAll(/\n[ \t]+/g, "\n").trim(),
    tags: ts.getJSDocTags(statement).map((tag) => ({
      name: tag.tagName.text,
      text: (ts.getTextOfJSDocComment(tag.comment) ?? "").trim(),
    })),
  };
}

/** The text of a comment, as one line. */
export function firstParagraph(text: string): string {
  const paragraph = text.trim().split(/\r?\n[ \t]*\r?\n/)[0] ?? "";
  return paragraph.replaceAll(/\s+/g, " ").trim();
}

/** What `@param name` says, by the last part of its name: `@param options.hosts …` describes `hosts`. */
export function parameterDescriptions(declaration: ts.Node | undefined): Map<string, string> {
  const descriptions = new Map<string, string>();
  if (declaration === undefined) return descriptions;
  for (const tag of ts.getJSDocTags(declaration)) {
    if (!ts.isJSDocParameterTag(tag)) continue;
    const name = ts.isQualifiedName(tag.name) ? tag.name.right.text : tag.name.text;
    const text = (ts.getTextOfJSDocComment(tag.comment) ?? "").replace(/^-\s*/, "").trim();
    if (text !== "") descriptions.set(name, text);
  }
  return descriptions;
}

function textOfFirstComment(file: ts.SourceFile): string {
  const first = topLevelComments(file)[0];
  if (first === undefined) return "";
  const before = file.text
    .slice(0, first.pos)
    .replace(/^#!.*/, "")
    .replaceAll(/\/\/.*/g, "");
  // A comment further down describes what stands below it, not the script.
  if (before.trim() !== "") return "";
  const lines = file.text
    .slice(first.pos + 3, first.end - 2)
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, ""));
  const end = lines.findIndex((line) => /^\s*@\w/.test(line));
  return (end < 0 ? lines : lines.slice(0, end)).join("\n");
}

function topLevelComments(file: ts.SourceFile): ts.CommentRange[] {
  const found = new Map<number, ts.CommentRange>();
  for (const node of [...file.statements, file.endOfFileToken]) {
    for (const range of ts.getLeadingCommentRanges(file.text, node.pos) ?? []) {
      if (file.text.startsWith("/**", range.pos)) found.set(range.pos, range);
    }
  }
  return [...found.values()];
}
