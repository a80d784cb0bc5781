/** Scripts that run otherwise in a job on purpose, by their names, and why. Told to authors in docs/authors-reference.md. */
export const intendedDifferences: Readonly<Record<string, string>> = {
  "formatting: an error between the rows of a table":
    "an error is recorded when it is written, though the table around it is held back",
  "data: ConvertFrom-Json": "an error is recorded when it is written, though the table around it is held back",
  "formatting: a warning and a host line between the rows of a table":
    "the empty line above a table belongs to the record of its first row, which comes later",
  "programs: a program among objects":
    "a program's lines come in the order of the script, where pwsh lets it write past a table that is held back",
  "programs: long and wide lines of programs":
    "a record is a line of text: carriage returns and escape sequences of terminals are left out",
  "programs: a program that is asked what its terminal is": "a job has no terminal",
  "streams: Write-Warning within a table held back":
    "the empty line above a table belongs to the record of its first row, which comes later",
  "streams: merged streams printed by the formatter":
    "the empty line below an error among the output belongs to the error's record, and comes before what follows",
  "streams: common parameters catch streams": "Information is recorded, also where pwsh would not show it",
  "streams: preferences that end or hide": "Information is recorded, also where pwsh would not show it",
  "streams: progress is not printed": "$ProgressPreference is what the runbook's log switch says",
  "programs: bytes between programs":
    "a record is a line: a program's last line has an end, though the program wrote none",
};
