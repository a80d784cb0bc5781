#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Writes a workflow as a plain script of PowerShell 7, for people who go on without workflows. What is the same in both stays as its author
/// wrote it, comments and spaces too; where a script cannot do what the workflow did, a comment says so.
/// </summary>
internal sealed class ReadableScript
{
    /// <summary>As many at once as a workflow would run, which knows no limit of its own.</summary>
    private const int Unlimited = 100;

    /// <summary>Where branches keep the workflow's variables that they change.</summary>
    private const string SharedName = "workflowVariables";

    private readonly string _text;
    private readonly ScriptBlockAst _tree;
    private readonly FunctionDefinitionAst _workflow;
    private readonly TextEdits _edits;
    private readonly string _lineEnd;
    private readonly Dictionary<string, FunctionDefinitionAst> _functions = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<Ast, ReadableScriptBranch> _branches = new();

    private ReadableScript(string text, ScriptBlockAst tree, FunctionDefinitionAst workflow)
    {
        _text = text;
        _tree = tree;
        _workflow = workflow;
        _edits = new TextEdits(text);
        _lineEnd = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        foreach (FunctionDefinitionAst function in All<FunctionDefinitionAst>())
        {
            _functions.TryAdd(function.Name, function);
        }
    }

    public static WrittenScript Of(string text, ScriptBlockAst tree, FunctionDefinitionAst workflow)
    {
        var script = new ReadableScript(text, tree, workflow);
        script.Write();
        return script._edits.Apply();
    }

    private void Write()
    {
        WriteFunctions();
        WriteCall();
        FindBranches();
        // Before what closes a branch, which comes behind its last statement.
        var locks = Locks();
        foreach (var each in locks.Where(each => each.IsPossible))
        {
            each.WriteEnd(_edits);
        }

        foreach (var block in All<BlockStatementAst>())
        {
            WriteBlock(block);
        }

        foreach (var loop in All<ForEachStatementAst>().Where(CheckpointPlaces.IsParallel))
        {
            WriteLoop(loop);
        }

        foreach (var each in locks.Where(each => each.IsPossible))
        {
            each.WriteBegin(_edits);
        }

        foreach (var each in locks.Where(each => !each.IsPossible))
        {
            WriteNote(each.Start, "<# of branches that do this in the same moment, one may be lost #> ");
        }

        foreach (var command in All<CommandAst>())
        {
            WriteCommand(command);
        }

        foreach (var assignment in All<AssignmentStatementAst>())
        {
            if (assignment.Left is VariableExpressionAst { VariablePath.UserPath: var name }
                && name.EndsWith("PSPersistPreference", StringComparison.OrdinalIgnoreCase))
            {
                WriteComment(assignment, $"{assignment.Extent.Text}: a script saves no checkpoints.");
            }
        }

        foreach (var variable in All<VariableExpressionAst>())
        {
            WriteVariable(variable);
        }
    }

    private IEnumerable<T> All<T>()
        where T : Ast => _tree.FindAll(node => node is T, searchNestedScriptBlocks: true).Cast<T>();

    private void WriteFunctions()
    {
        foreach (var function in _functions.Values.Where(function => function.IsWorkflow))
        {
            int start = function.Extent.StartOffset;
            _edits.Replace(start, start + "workflow".Length, "function");
        }
    }

    /// <summary>The script has the parameters of the workflow, and calls it with them.</summary>
    private void WriteCall()
    {
        var parameters = ParametersText();
        if (parameters is not null && _tree.ParamBlock is null)
        {
            _edits.Insert(_tree.EndBlock.Statements[0].Extent.StartOffset, parameters + _lineEnd + _lineEnd);
        }

        // A signature is of the text that was, and nothing may stand behind it.
        var signature = Regex.Match(_text, "^# SIG # Begin signature block", RegexOptions.Multiline);
        int end = signature.Success ? signature.Index : _text.Length;
        var isEnded = end == 0 || _text[end - 1] == '\n';
        var call = parameters is null ? _workflow.Name : $"{_workflow.Name} @PSBoundParameters";
        _edits.Replace(end, _text.Length, $"{(isEnded ? string.Empty : _lineEnd)}{_lineEnd}{call}{_lineEnd}");
    }

    private string? ParametersText()
    {
        if (_workflow.Parameters is { Count: > 0 } listed)
        {
            return $"param({string.Join(", ", listed.Select(parameter => parameter.Extent.Text))})";
        }

        if (_workflow.Body.ParamBlock is not { Parameters.Count: > 0 } block)
        {
            return null;
        }

        int start = block.Attributes.Select(attribute => attribute.Extent.StartOffset).Append(block.Extent.StartOffset).Min();
        var text = _text[start..block.Extent.EndOffset];
        // A here-string among the defaults has to stay as it is.
        return text.Contains("@'", StringComparison.Ordinal) || text.Contains("@\"", StringComparison.Ordinal)
            ? text
            : text.Replace("\n" + _edits.IndentationAt(start), "\n", StringComparison.Ordinal);
    }

    private void FindBranches()
    {
        foreach (var block in All<BlockStatementAst>().Where(CheckpointPlaces.IsParallel))
        {
            _branches[block.Body] = new ReadableScriptBranch(block.Body, loopVariable: null);
        }

        foreach (var loop in All<ForEachStatementAst>().Where(CheckpointPlaces.IsParallel))
        {
            _branches[loop.Body] = new ReadableScriptBranch(loop.Body, loop.Variable.VariablePath.UserPath);
        }

        foreach (var branch in _branches.Values)
        {
            branch.Read();
        }
    }

    private void WriteBlock(BlockStatementAst block)
    {
        int start = block.Extent.StartOffset;
        int open = block.Body.Extent.StartOffset + 1;
        int close = block.Body.Extent.EndOffset - 1;
        if (block.Kind.Kind == TokenKind.Sequence)
        {
            if (block.Parent is StatementBlockAst { Parent: BlockStatementAst outer } && CheckpointPlaces.IsParallel(outer))
            {
                // It is a branch already.
                _edits.Replace(start, open, "{");
                return;
            }

            _edits.Remove(start, open);
            _edits.Remove(close, close + 1);
            return;
        }

        var statements = block.Body.Statements;
        if (statements.Count == 0)
        {
            WriteComment(block, "parallel, with nothing in it");
            return;
        }

        WriteAround(block, block.Body);
        var lines = FirstLines(_branches[block.Body]).Append("switch ($_) {").ToList();
        var choices = statements.Count == 1 ? "0" : $"0..{statements.Count - 1}";
        _edits.Replace(
            start,
            open,
            $"{choices} | ForEach-Object -ThrottleLimit {statements.Count} -Parallel {{{LinesWithin(block.Body, lines)}");
        _edits.Replace(close, close + 1, "} }");
        for (int index = 0; index < statements.Count; index++)
        {
            var extent = statements[index].Extent;
            bool isSequence = statements[index] is BlockStatementAst { Kind.Kind: TokenKind.Sequence };
            _edits.Insert(extent.StartOffset, isSequence ? $"{index} " : $"{index} {{ ");
            if (!isSequence)
            {
                _edits.Insert(extent.EndOffset, " }");
            }
        }
    }

    private void WriteLoop(ForEachStatementAst loop)
    {
        var branch = _branches[loop.Body];
        WriteAround(loop, loop.Body);
        var limit = loop.ThrottleLimit is { } given ? given.Extent.Text : Unlimited.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var lines = FirstLines(branch).Prepend($"${branch.LoopVariable} = $_").ToList();
        _edits.Replace(loop.Extent.StartOffset, loop.Condition.Extent.StartOffset, string.Empty);
        _edits.Replace(
            loop.Condition.Extent.EndOffset,
            loop.Body.Extent.StartOffset + 1,
            $" | ForEach-Object -ThrottleLimit {limit} -Parallel {{{LinesWithin(loop.Body, lines)}");
        foreach (var statement in All<ContinueStatementAst>().Where(statement => statement.Label is null && LoopOf(statement) == loop))
        {
            _edits.Replace(statement.Extent.StartOffset, statement.Extent.EndOffset, "return");
        }
    }

    /// <summary>What a branch begins with, because a runspace of its own has no variables and functions of others.</summary>
    private IEnumerable<string> FirstLines(ReadableScriptBranch branch)
    {
        foreach (var function in FunctionsCalledIn(branch.Region))
        {
            yield return $"${{function:{function.Name}}} = $using:{TextVariable(function)}";
        }

        if (branch.Shared.Count > 0)
        {
            yield return $"${SharedName} = $using:{SharedName}";
        }

        foreach (var name in branch.Copied)
        {
            yield return $"${name} = $using:{name}";
        }
    }

    private string LinesWithin(StatementBlockAst body, IEnumerable<string> lines)
    {
        var extent = body.Extent;
        if (extent.StartLineNumber == extent.EndLineNumber)
        {
            return string.Concat(lines.Select(line => line.EndsWith('{') ? $" {line} " : $" {line};"));
        }

        var indentation = body.Statements.Count > 0 && body.Statements[0].Extent.StartLineNumber > extent.StartLineNumber
            ? _edits.IndentationAt(body.Statements[0].Extent.StartOffset)
            : _edits.IndentationAt(extent.StartOffset) + "    ";
        return string.Concat(lines.Select(line => $"{_lineEnd}{indentation}{line}"));
    }

    /// <summary>
    /// What branches need of the runspace around them: the functions that they call, which travel as texts, and a table of the variables that they
    /// change, which are taken out of it again afterwards.
    /// </summary>
    private void WriteAround(StatementAst statement, StatementBlockAst body)
    {
        Ast whole = statement;
        while (whole.Parent is not (StatementBlockAst or NamedBlockAst or null))
        {
            whole = whole.Parent;
        }

        int start = whole.Extent.StartOffset;
        var indentation = _edits.IndentationAt(start);
        bool isBranch = whole.Parent is StatementBlockAst { Parent: BlockStatementAst outer } && CheckpointPlaces.IsParallel(outer);
        var before = FunctionsCalledIn(body).Select(function => $"${TextVariable(function)} = ${{function:{function.Name}}}.ToString()").ToList();
        var branch = _branches[body];
        if (branch.Shared.Count > 0 && branch.IsOutermost)
        {
            var members = string.Join("; ", branch.Shared.Select(name => $"{name} = ${name}"));
            before.Add($"${SharedName} = [hashtable]::Synchronized(@{{ {members} }})");
            _edits.Insert(whole.Extent.EndOffset, string.Concat(branch.Shared.Select(name => $"{_lineEnd}{indentation}${name} = ${SharedName}.{name}")));
        }

        foreach (var line in before)
        {
            _edits.Insert(start, isBranch ? $"{line}; " : $"{line}{_lineEnd}{indentation}");
        }
    }

    private List<FunctionDefinitionAst> FunctionsCalledIn(Ast region)
    {
        var found = new List<FunctionDefinitionAst>();
        AddFunctionsCalledIn(region, found);
        return found.Where(function => !IsWithin(function, region)).ToList();
    }

    private void AddFunctionsCalledIn(Ast region, List<FunctionDefinitionAst> found)
    {
        foreach (CommandAst command in region.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true))
        {
            if (WorkflowCommands.NameOf(command) is { } name && _functions.TryGetValue(name, out var function) && !found.Contains(function))
            {
                found.Add(function);
                AddFunctionsCalledIn(function.Body, found);
            }
        }
    }

    private static string TextVariable(FunctionDefinitionAst function) =>
        "textOf" + Regex.Replace(function.Name, "[^A-Za-z0-9_]", string.Empty, RegexOptions.CultureInvariant);

    private void WriteCommand(CommandAst command)
    {
        if (WorkflowCommands.IsCheckpoint(command))
        {
            WriteComment(command, "Checkpoint-Workflow: in Runsmith, put what must not be done again into Invoke-RunbookStep -Name '...' { ... }.");
            return;
        }

        if (WorkflowCommands.IsSuspend(command))
        {
            WriteSuspend(command);
            return;
        }

        var (_, common) = WorkflowCommands.Split(command);
        if (WorkflowCommands.IsInlineScript(command))
        {
            WriteInlineScript(command, common);
            return;
        }

        foreach (var (parameter, value) in common)
        {
            WriteParameterComment(parameter, value);
        }

        bool isAssetCommand = Regex.IsMatch(WorkflowCommands.NameOf(command) ?? string.Empty, "^[GS]et-Automation", RegexOptions.IgnoreCase);
        if (isAssetCommand && ReadableScriptBranch.BranchRegionOf(command) is not null)
        {
            WriteNote(command.Extent.StartOffset, "<# only in the script itself: get it before, and read it here with $using: #> ");
        }
    }

    /// <summary>Whoever waits for a person in a workflow waits in the script, too: what was a gate stays one.</summary>
    private void WriteSuspend(CommandAst command)
    {
        var (start, end) = (command.Extent.StartOffset, command.Extent.EndOffset);
        var text = ReadableScriptBranch.BranchRegionOf(command) is null
            ? "Suspend-Workflow: a script that is resumed begins anew; put what was done before into Invoke-RunbookStep -Name '...' { ... }."
            : "Suspend-Workflow: only in the script itself, not beside other branches; put it behind them.";
        var comment = _edits.IsAlone(start, end) ? $"# {text}{_lineEnd}{_edits.IndentationAt(start)}" : $"{Comment(text)} ";
        _edits.Replace(start, end, $"{comment}Suspend-Runbook -Reason 'Resume the job to go on.'", isToSee: true);
    }

    /// <summary>A block of its own; one that runs elsewhere becomes a command of remoting, whose parameters have other names.</summary>
    private void WriteInlineScript(CommandAst command, IReadOnlyList<(CommandParameterAst Parameter, ExpressionAst? Value)> common)
    {
        var name = command.CommandElements[0].Extent;
        int open = command.CommandElements.OfType<ScriptBlockExpressionAst>().First().Extent.StartOffset;
        bool isRemote = IsRemote(command);
        // Its block may begin on a further line, which that of a command may not; a comment between them comes into the block.
        _edits.Replace(name.StartOffset, open + 1, $"{(isRemote ? "Invoke-Command -ScriptBlock" : "&")} {{{_text[name.EndOffset..open].TrimEnd(' ', '\t', '\r', '\n', '`')}");
        foreach (var (parameter, value) in common)
        {
            if (isRemote && RemotingParameter(parameter.ParameterName) is { } renamed)
            {
                int start = parameter.Extent.StartOffset;
                _edits.Replace(start, start + 1 + parameter.ParameterName.Length, $"-{renamed}");
            }
            else
            {
                WriteParameterComment(parameter, value);
            }
        }
    }

    private static bool IsRemote(CommandAst command) => command.CommandElements.Any(element =>
        element is CommandParameterAst { ParameterName: var name } && name.Equals("PSComputerName", StringComparison.OrdinalIgnoreCase));

    private static string? RemotingParameter(string name) => name.ToUpperInvariant() switch
    {
        "PSCOMPUTERNAME" => "ComputerName",
        "PSCREDENTIAL" => "Credential",
        "PSPORT" => "Port",
        "PSUSESSL" => "UseSSL",
        "PSCONFIGURATIONNAME" => "ConfigurationName",
        "PSAUTHENTICATION" => "Authentication",
        "PSSESSIONOPTION" => "SessionOption",
        _ => null,
    };

    private void WriteParameterComment(CommandParameterAst parameter, ExpressionAst? value)
    {
        int end = value?.Extent.EndOffset ?? parameter.Extent.EndOffset;
        int start = parameter.Extent.StartOffset;
        _edits.Replace(start, end, Comment(_text[start..end]), isToSee: true);
    }

    private void WriteVariable(VariableExpressionAst variable)
    {
        var path = variable.VariablePath.UserPath;
        if (path.Equals("WorkflowCommandName", StringComparison.OrdinalIgnoreCase))
        {
            var name = FunctionOf(variable)?.Name ?? _workflow.Name;
            bool isInText = variable.Parent is ExpandableStringExpressionAst;
            _edits.Replace(variable.Extent.StartOffset, variable.Extent.EndOffset, isInText ? name : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'");
            return;
        }

        bool isUsing = ReadableScriptBranch.IsUsing(variable);
        bool isOwn = ReadableScriptBranch.IsInInlineScript(variable);
        if (ReadableScriptBranch.NameOf(variable) is not { } plain || (isOwn && !isUsing) || IsSentElsewhere(variable))
        {
            return;
        }

        var region = ReadableScriptBranch.BranchRegionOf(variable);
        bool isUsed = region is not null && _branches[region].IsUsed(plain);
        bool isWritten = ReadableScriptBranch.IsWritten(variable, out _);
        if (region is not null && _branches[region].Shared.Contains(plain))
        {
            bool isInText = variable.Parent is ExpandableStringExpressionAst;
            var member = $"${SharedName}.{plain}";
            _edits.Replace(variable.Extent.StartOffset, variable.Extent.EndOffset, isInText ? $"$({member})" : member);
            return;
        }

        // `$name`, `${name}` and `@name`, each with or without `using:` or `workflow:` before the name.
        var text = _text[variable.Extent.StartOffset..variable.Extent.EndOffset];
        int sign = text.StartsWith("${", StringComparison.Ordinal) ? 2 : 1;
        var wanted = text[..sign] + (isUsed && !isWritten ? "using:" : string.Empty) + plain + (sign == 2 ? "}" : string.Empty);
        if (wanted != text)
        {
            _edits.Replace(variable.Extent.StartOffset, variable.Extent.EndOffset, wanted);
        }
    }

    private List<ReadableScriptLock> Locks() => All<VariableExpressionAst>()
        .Where(IsChangedBesideOthers)
        .Select(ReadableScriptLock.StatementOf)
        .Distinct()
        .Select(statement => new ReadableScriptLock(statement, SharedName))
        .ToList();

    /// <summary>Whether a branch changes what a variable of the workflow holds, as others may do in the same moment.</summary>
    private bool IsChangedBesideOthers(VariableExpressionAst variable) =>
        ReadableScriptBranch.NameOf(variable) is { } name
        && !ReadableScriptBranch.IsInInlineScript(variable)
        && ReadableScriptBranch.BranchRegionOf(variable) is { } region
        && _branches[region].Shared.Contains(name)
        && ReadableScriptBranch.IsWritten(variable, out bool isReadToo)
        && isReadToo;

    /// <summary>Whether a variable is of a block that remoting takes elsewhere, and reads with `$using:` as before.</summary>
    private static bool IsSentElsewhere(Ast piece)
    {
        for (var parent = piece.Parent; parent is not null; parent = parent.Parent)
        {
            if (parent is ScriptBlockExpressionAst && parent.Parent is CommandAst command && WorkflowCommands.IsInlineScript(command))
            {
                return IsRemote(command);
            }
        }

        return false;
    }

    private void WriteComment(Ast piece, string text)
    {
        var (start, end) = (piece.Extent.StartOffset, piece.Extent.EndOffset);
        bool isOneLine = !text.Contains('\n', StringComparison.Ordinal);
        _edits.Replace(start, end, _edits.IsAlone(start, end) && isOneLine ? $"# {text}" : Comment(text), isToSee: true);
    }

    private void WriteNote(int at, string comment) => _edits.Replace(at, at, comment, isToSee: true);

    private static string Comment(string text) => $"<# {text.Replace("#>", "# >", StringComparison.Ordinal)} #>";

    private static Ast? LoopOf(Ast piece)
    {
        var parent = piece.Parent;
        while (parent is not (null or LoopStatementAst or FunctionDefinitionAst))
        {
            parent = parent.Parent;
        }

        return parent;
    }

    private static FunctionDefinitionAst? FunctionOf(Ast piece)
    {
        var parent = piece.Parent;
        while (parent is not (null or FunctionDefinitionAst))
        {
            parent = parent.Parent;
        }

        return parent as FunctionDefinitionAst;
    }

    private static bool IsWithin(Ast piece, Ast whole) =>
        whole.Extent.StartOffset <= piece.Extent.StartOffset && piece.Extent.EndOffset <= whole.Extent.EndOffset;
}
