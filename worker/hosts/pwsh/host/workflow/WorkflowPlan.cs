#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>Why a workflow cannot run as it is written, and how it could.</summary>
/// <param name="IsError">Else it runs, but not as one might think.</param>
internal sealed record WorkflowProblem(IScriptExtent Place, string Code, string Message, bool IsError = true);

/// <summary>A workflow's text made ready to run.</summary>
internal sealed class WorkflowPlan
{
    public required IReadOnlyList<WorkflowProblem> Problems { get; init; }

    /// <summary>The workflow that the runbook is; null where there is none.</summary>
    public required FunctionDefinitionAst? Main { get; init; }

    /// <summary>All workflows and functions of the text, under their keys; empty where there are errors.</summary>
    public required IReadOnlyDictionary<string, WorkflowFunction> Functions { get; init; }
}

/// <summary>A workflow, or a function beside it, in the form that runs.</summary>
internal sealed class WorkflowFunction
{
    public required string Name { get; init; }

    /// <summary>Its name, or what tells it from others of that name.</summary>
    public required string Key { get; init; }

    /// <summary>Keys of the functions that it means by names which several have.</summary>
    public IReadOnlyDictionary<string, string> Meant { get; init; } = new Dictionary<string, string>();

    public bool IsWorkflow { get; init; }

    /// <summary>Variables that it speaks of and that are not its parameters.</summary>
    public IReadOnlyList<string> FreeNames { get; init; } = Array.Empty<string>();

    /// <summary>What a call by its name runs.</summary>
    public required ScriptBlockAst Body { get; init; }

    /// <summary>What goes on from a checkpoint: without parameters, whose values are variables then. Null where no checkpoint can lie within.</summary>
    public ScriptBlockAst? Resumed { get; init; }

    public IReadOnlyDictionary<int, ParallelBlock> Blocks { get; init; } = new Dictionary<int, ParallelBlock>();

    /// <summary>Statements that call what may save a checkpoint, and can be gone into again.</summary>
    public IReadOnlySet<int> Calls { get; init; } = new HashSet<int>();
}

/// <summary>A `parallel` block, or a loop whose iterations are done side by side.</summary>
internal sealed class ParallelBlock
{
    public required IScriptExtent Place { get; init; }

    /// <summary>One for each statement of a block; one only, for all iterations, of a loop.</summary>
    public required IReadOnlyList<ScriptBlockAst> Branches { get; init; }

    /// <summary>The variable of a loop; null for a block.</summary>
    public string? LoopVariable { get; init; }
}
