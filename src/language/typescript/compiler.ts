/** TypeScript's compiler as a library. Version 7 has no JavaScript interface, so this is version 6. */
export { default as ts } from "typescript-6";
