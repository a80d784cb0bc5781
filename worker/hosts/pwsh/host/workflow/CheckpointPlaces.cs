#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>Finds out in which statements a checkpoint may be saved: only those need to be gone into again.</summary>
internal sealed class CheckpointPlaces
{
    private readonly KnownFunctions _functions;
    private readonly HashSet<FunctionDefinitionAst> _holding = new();
    private readonly HashSet<FunctionDefinitionAst> _beside = new();
    private readonly HashSet<FunctionDefinitionAst> _persisting = new();

    public CheckpointPlaces(KnownFunctions functions, bool savesEverywhere)
    {
        _functions = functions;
        if (savesEverywhere)
        {
            _persisting.UnionWith(functions.All.Where(function => function.IsWorkflow));
            _holding.UnionWith(_persisting);
        }

        foreach (var function in functions.All)
        {
            foreach (var call in Commands(function.Body))
            {
                if (WorkflowCommands.SavesAfterwards(call) && FunctionOf(call) is { IsWorkflow: true } called)
                {
                    _persisting.Add(called);
                    _holding.Add(called);
                }
            }
        }

        while (functions.All.Any(function => !_holding.Contains(function) && Holds(function.Body) && _holding.Add(function)))
        {
        }

        foreach (var function in functions.All)
        {
            foreach (var block in function.Body.FindAll(IsParallel, searchNestedScriptBlocks: false))
            {
                if (Holds(block))
                {
                    AddBeside(block);
                }
            }
        }
    }

    public static bool IsParallel(Ast piece) =>
        piece is BlockStatementAst { Kind.Kind: TokenKind.Parallel }
        || (piece is ForEachStatementAst loop && loop.Flags.HasFlag(ForEachFlags.Parallel));

    public FunctionDefinitionAst? FunctionOf(CommandAst command) => _functions.CalledBy(command);

    /// <summary>Whether a function's statements are to be gone into one by one.</summary>
    public bool IsResumable(FunctionDefinitionAst function) => _holding.Contains(function) || _beside.Contains(function);

    /// <summary>Whether each of a function's statements is a place to save a checkpoint, or to wait while another branch does.</summary>
    public bool IsResumableAnywhere(FunctionDefinitionAst function) => _beside.Contains(function) || _persisting.Contains(function);

    /// <summary>Whether a checkpoint may be saved after each activity of a function.</summary>
    public bool SavesAfterEach(FunctionDefinitionAst function) => _persisting.Contains(function);

    /// <summary>Whether a checkpoint may be saved within a piece, but for what is only defined there.</summary>
    public bool Holds(Ast piece) => Commands(piece).Any(Holds);

    public bool Holds(CommandAst command) =>
        WorkflowCommands.IsCheckpoint(command)
        || WorkflowCommands.IsSuspend(command)
        || WorkflowCommands.SavesAfterwards(command)
        || Calls(command);

    /// <summary>Whether a command calls a function that may save a checkpoint, or has to be gone into again.</summary>
    public bool Calls(CommandAst command) => FunctionOf(command) is { } function && IsResumable(function);

    /// <summary>Whether a command calls a function that saves checkpoints itself.</summary>
    public bool Saves(CommandAst command) => FunctionOf(command) is { } function && _holding.Contains(function);

    /// <summary>The commands of a piece, but for those of functions and script blocks in it.</summary>
    public static IEnumerable<CommandAst> Commands(Ast piece) => piece
        .FindAll(found => found is CommandAst or TrapStatementAst, searchNestedScriptBlocks: false)
        .SelectMany(found => found is TrapStatementAst trap ? Commands(trap.Body) : new[] { (CommandAst)found }); // PowerShell counts a trap as a script block.

    /// <summary>Everything that a block beside a checkpoint calls waits for that checkpoint between two activities.</summary>
    private void AddBeside(Ast block)
    {
        foreach (var command in Commands(block))
        {
            if (FunctionOf(command) is { } function && function.IsWorkflow && _beside.Add(function))
            {
                AddBeside(function.Body);
            }
        }
    }
}
