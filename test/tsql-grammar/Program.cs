using System.Text.Json;
using Microsoft.SqlServer.TransactSql.ScriptDom;

// Reads [{ "name": …, "text": … }] from standard input, parses each text with Microsoft's grammar of SQL Server 2016, and writes
// [{ "name": …, "line": …, "column": …, "message": … }], one for each error, to standard output.

var texts = JsonSerializer.Deserialize<List<SqlText>>(Console.In.ReadToEnd(), JsonSerializerOptions.Web) ?? [];
var parser = new TSql130Parser(initialQuotedIdentifiers: true);
var errors = new List<Error>();
foreach (var (name, text) in texts)
{
    using var reader = new StringReader(text);
    parser.Parse(reader, out var found);
    errors.AddRange(found.Select(error => new Error(name, error.Line, error.Column, error.Message)));
}
Console.Out.Write(JsonSerializer.Serialize(errors, JsonSerializerOptions.Web));


internal sealed record SqlText(string Name, string Text);

internal sealed record Error(string Name, int Line, int Column, string Message);
