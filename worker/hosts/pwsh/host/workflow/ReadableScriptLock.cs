#nullable enable
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// A statement of a branch that changes what a variable of the workflow holds (`$workflow:count++`). In a workflow such a change is one; in a
/// script it is a reading and a writing, between which no other branch may do the same: it is put behind a lock.
/// </summary>
internal sealed class ReadableScriptLock
{
    /// <summary>What is added, where getting it takes commands, for which no other branch has to wait.</summary>
    private const string Value = "$workflowValue";

    private readonly string _table;
    private readonly StatementAst _statement;
    private readonly AssignmentStatementAst? _addition;

    /// <param name="table">The variable with the table of what branches share.</param>
    public ReadableScriptLock(StatementAst statement, string table)
    {
        _statement = statement;
        _table = table;
        _addition = statement is AssignmentStatementAst { Left: VariableExpressionAst, Operator: not TokenKind.Equals } assignment
            && TakesCommands(assignment.Right)
                ? assignment
                : null;
    }

    /// <summary>False for conditions of statements with others in them, and for what waits for other branches.</summary>
    public bool IsPossible =>
        _addition is not null
        || (_statement is PipelineAst or AssignmentStatementAst or ReturnStatementAst
            && _statement.Find(CheckpointPlaces.IsParallel, searchNestedScriptBlocks: true) is null);

    /// <summary>Where the statement begins.</summary>
    public int Start => _statement.Extent.StartOffset;

    /// <summary>The statement that a piece is of: the innermost one in a block.</summary>
    public static StatementAst StatementOf(Ast piece)
    {
        while (piece is not StatementAst || piece.Parent is not (StatementBlockAst or NamedBlockAst))
        {
            piece = piece.Parent;
        }

        return (StatementAst)piece;
    }

    public void WriteBegin(TextEdits edits)
    {
        if (_addition is null)
        {
            edits.Insert(_statement.Extent.StartOffset, Enter);
        }
        else
        {
            edits.Replace(_statement.Extent.StartOffset, _addition.Right.Extent.StartOffset, $"{Value} = ");
        }
    }

    public void WriteEnd(TextEdits edits)
    {
        var change = _addition is { Left: VariableExpressionAst variable }
            ? $"; {Enter}${_table}.{ReadableScriptBranch.NameOf(variable)} {_addition.Operator.Text()} {Value}"
            : string.Empty;
        edits.Insert(_statement.Extent.EndOffset, $"{change} }} finally {{ [System.Threading.Monitor]::Exit(${_table}.SyncRoot) }}");
    }

    private string Enter => $"[System.Threading.Monitor]::Enter(${_table}.SyncRoot); try {{ ";

    private static bool TakesCommands(StatementAst right) =>
        right.Find(piece => piece is CommandAst || CheckpointPlaces.IsParallel(piece), searchNestedScriptBlocks: true) is not null
        && right.Find(
            piece => piece is VariableExpressionAst variable && ReadableScriptBranch.IsWritten(variable, out bool isReadToo) && isReadToo,
            searchNestedScriptBlocks: false) is null;
}
