#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The body of a `parallel` block or of a `foreach -parallel`, whose pieces run side by side: in a script in runspaces of their own. It says which
/// variables it has from outside.
/// </summary>
internal sealed class ReadableScriptBranch
{
    private static readonly HashSet<string> s_automatic = new(StringComparer.OrdinalIgnoreCase)
    {
        "_", "PSItem", "true", "false", "null", "args", "Error", "Matches", "PSCmdlet", "PSBoundParameters", "input", "this", "LASTEXITCODE",
        "?", "^", "$", "PSScriptRoot", "PSCommandPath", "Host", "PID", "HOME", "PWD", "ExecutionContext", "PSVersionTable", "MyInvocation",
        "PSPrivateMetadata", "WorkflowCommandName", "ErrorActionPreference", "WarningPreference", "VerbosePreference", "DebugPreference",
        "ProgressPreference", "InformationPreference", "PSPersistPreference", "OFS", "IsLinux", "IsWindows", "IsMacOS", "StackTrace",
    };

    private readonly Dictionary<string, Uses> _uses = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _copied = new(StringComparer.OrdinalIgnoreCase);

    public ReadableScriptBranch(StatementBlockAst region, string? loopVariable)
    {
        Region = region;
        LoopVariable = loopVariable;
        var whole = Outermost(region);
        Shared = whole
            .FindAll(node => node is VariableExpressionAst variable && IsOfWorkflow(variable) && IsWritten(variable, out _), searchNestedScriptBlocks: true)
            .Select(node => NameOf((VariableExpressionAst)node)!)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        IsOutermost = whole == region;
    }

    public StatementBlockAst Region { get; }

    public bool IsOutermost { get; }

    /// <summary>Variables of the workflow that its branches change (`$workflow:name = …`).</summary>
    public IReadOnlySet<string> Shared { get; }

    /// <summary>Of a `foreach -parallel`.</summary>
    public string? LoopVariable { get; }

    /// <summary>Variables that it takes over at its beginning, because it changes them, or hands them on to branches of its own.</summary>
    public IEnumerable<string> Copied => _copied;

    /// <summary>Finds out what of the variables is its own.</summary>
    public void Read()
    {
        foreach (VariableExpressionAst variable in Region.FindAll(node => node is VariableExpressionAst, searchNestedScriptBlocks: true))
        {
            if (NameOf(variable) is not { } name || Shared.Contains(name) || IsOfFunctionWithin(variable) || (IsInInlineScript(variable) && !IsUsing(variable)))
            {
                continue;
            }

            if (!_uses.TryGetValue(name, out var uses))
            {
                _uses[name] = uses = new Uses();
            }

            bool isWritten = IsWritten(variable, out bool isReadToo);
            if (!isWritten || isReadToo)
            {
                uses.FirstRead ??= variable.Extent.StartOffset;
                uses.IsReadAsItself |= BranchRegionOf(variable) != Region || IsChangedWithin(variable);
            }

            if (isWritten)
            {
                uses.FirstWrite ??= variable.Parent is AssignmentStatementAst assignment ? assignment.Extent.EndOffset : variable.Extent.StartOffset;
            }
        }

        foreach (var (name, uses) in _uses)
        {
            if (IsFromOutside(name) && (uses.FirstWrite is not null || uses.IsReadAsItself))
            {
                _copied.Add(name);
            }
        }
    }

    /// <summary>Whether a variable is to be read with `$using:`.</summary>
    public bool IsUsed(string name) => IsFromOutside(name) && !_copied.Contains(name);

    /// <summary>A variable's name without what workflows write before it; null for one of another drive or scope, and for automatic ones.</summary>
    public static string? NameOf(VariableExpressionAst variable)
    {
        var path = variable.VariablePath;
        var name = IsOfWorkflow(variable) ? path.UserPath[(path.UserPath.IndexOf(':') + 1)..] : path.IsUnqualified ? path.UserPath : null;
        return name is null || s_automatic.Contains(name) ? null : name;
    }

    /// <summary>`$workflow:name`.</summary>
    public static bool IsOfWorkflow(VariableExpressionAst variable) =>
        variable.VariablePath.UserPath.StartsWith("workflow:", StringComparison.OrdinalIgnoreCase);

    /// <summary>`$using:name`, or a member of it.</summary>
    public static bool IsUsing(VariableExpressionAst variable)
    {
        Ast piece = variable;
        while (piece.Parent is MemberExpressionAst or IndexExpressionAst)
        {
            piece = piece.Parent;
        }

        return piece.Parent is UsingExpressionAst;
    }

    public static bool IsWritten(VariableExpressionAst variable, out bool isReadToo)
    {
        isReadToo = false;
        Ast piece = variable;
        while (piece.Parent is AttributedExpressionAst or ArrayLiteralAst or ParenExpressionAst)
        {
            piece = piece.Parent;
        }

        switch (piece.Parent)
        {
            case AssignmentStatementAst assignment when assignment.Left == piece:
                isReadToo = assignment.Operator != TokenKind.Equals;
                return true;
            case UnaryExpressionAst { TokenKind: TokenKind.PlusPlus or TokenKind.MinusMinus or TokenKind.PostfixPlusPlus or TokenKind.PostfixMinusMinus }:
                isReadToo = true;
                return true;
            case ForEachStatementAst loop:
                return loop.Variable == piece;
            default:
                return piece.Parent is ParameterAst;
        }
    }

    /// <summary>`$name[1] = …`, `$name.Count++`.</summary>
    private static bool IsChangedWithin(VariableExpressionAst variable)
    {
        Ast piece = variable;
        while (piece.Parent is IndexExpressionAst { Target: var indexed } && indexed == piece
            || piece.Parent is MemberExpressionAst { Expression: var owner } && owner == piece)
        {
            piece = piece.Parent;
        }

        return piece != variable && piece.Parent switch
        {
            AssignmentStatementAst assignment => assignment.Left == piece,
            UnaryExpressionAst { TokenKind: TokenKind.PlusPlus or TokenKind.MinusMinus or TokenKind.PostfixPlusPlus or TokenKind.PostfixMinusMinus } => true,
            _ => false,
        };
    }

    /// <summary>Whether something is within a block whose variables are its own.</summary>
    public static bool IsInInlineScript(Ast piece)
    {
        for (var parent = piece.Parent; parent is not null; parent = parent.Parent)
        {
            if (parent is ScriptBlockExpressionAst && parent.Parent is CommandAst command && WorkflowCommands.IsInlineScript(command))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The branch that a piece is of: the innermost one; null outside of all, and in functions, which have their variables for themselves.</summary>
    public static StatementBlockAst? BranchRegionOf(Ast piece)
    {
        for (Ast? child = piece, parent = piece.Parent; parent is not null; child = parent, parent = parent.Parent)
        {
            switch (parent)
            {
                case FunctionDefinitionAst:
                    return null;
                case BlockStatementAst { Kind.Kind: TokenKind.Parallel } block when child == block.Body:
                    return block.Body;
                case ForEachStatementAst loop when loop.Flags.HasFlag(ForEachFlags.Parallel) && child == loop.Body:
                    return loop.Body;
                default:
                    break;
            }
        }

        return null;
    }

    private static StatementBlockAst Outermost(StatementBlockAst region)
    {
        while (BranchRegionOf(region.Parent) is { } outer)
        {
            region = outer;
        }

        return region;
    }

    /// <summary>Whether it reads what a variable holds outside, before it gives it a value itself.</summary>
    private bool IsFromOutside(string name) =>
        _uses.TryGetValue(name, out var uses)
        && uses.FirstRead is { } read
        && (uses.FirstWrite is not { } write || read < write)
        && !name.Equals(LoopVariable, StringComparison.OrdinalIgnoreCase)
        && IsKnownOutside(name);

    private bool IsKnownOutside(string name)
    {
        Ast scope = Region;
        while (scope.Parent is not null && scope is not FunctionDefinitionAst)
        {
            scope = scope.Parent;
        }

        return scope.Find(
            node => node is VariableExpressionAst variable
                && !IsWithin(variable, Region)
                && string.Equals(NameOf(variable), name, StringComparison.OrdinalIgnoreCase)
                && IsWritten(variable, out _),
            searchNestedScriptBlocks: true) is not null;
    }

    private bool IsOfFunctionWithin(Ast piece)
    {
        for (var parent = piece.Parent; parent is not null && parent != Region; parent = parent.Parent)
        {
            if (parent is FunctionDefinitionAst)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWithin(Ast piece, Ast whole) =>
        whole.Extent.StartOffset <= piece.Extent.StartOffset && piece.Extent.EndOffset <= whole.Extent.EndOffset;

    private sealed class Uses
    {
        public int? FirstRead { get; set; }

        public int? FirstWrite { get; set; }

        /// <summary>Whether it is read where `$using:` cannot stand: by a branch within, or where something in it is changed.</summary>
        public bool IsReadAsItself { get; set; }
    }
}
