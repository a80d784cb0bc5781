#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>What workflows know besides commands: their own activities, and the parameters that every activity has.</summary>
internal static class WorkflowCommands
{
    private static readonly HashSet<string> s_commonParameters = new(StringComparer.OrdinalIgnoreCase)
    {
        "PSPersist", "PSActionRetryCount", "PSActionRetryIntervalSec", "PSActionRunningTimeoutSec", "PSRetryCount",
        "PSRetryIntervalSec", "PSConnectionRetryCount", "PSConnectionRetryIntervalSec", "PSRunningTimeoutSec",
        "PSElapsedTimeoutSec", "PSComputerName", "PSCredential", "PSPort", "PSUseSsl", "PSConfigurationName",
        "PSApplicationName", "PSConnectionURI", "PSAllowRedirection", "PSSessionOption", "PSAuthentication",
        "PSAuthenticationLevel", "PSCertificateThumbprint", "PSProgressMessage", "PSError", "PSWarning", "PSVerbose",
        "PSDebug", "PSProgress", "PSInformation", "PSDisableSerialization", "PSRequiredModules", "PSWorkflowPath",
        "PSRemotingBehavior", "PSPrivateMetadata", "PSParameterCollection", "PSCurrentDirectory",
    };

    /// <summary>Parameters of activities whose names a command may have, too.</summary>
    private static readonly HashSet<string> s_sharedParameters = new(StringComparer.OrdinalIgnoreCase)
    {
        "DisplayName", "MergeErrorToOutput", "AppendOutput", "UseDefaultInput",
    };

    public static bool IsCheckpoint(CommandAst command) =>
        NameOf(command) is { } name
        && (name.Equals("Checkpoint-Workflow", StringComparison.OrdinalIgnoreCase) || name.Equals("PSPersist", StringComparison.OrdinalIgnoreCase));

    public static bool IsSuspend(CommandAst command) => Is(command, "Suspend-Workflow");

    public static bool IsInlineScript(CommandAst command) => Is(command, "InlineScript");

    /// <summary>Whether a piece belongs to the script of an InlineScript.</summary>
    public static bool IsInInlineScript(Ast piece)
    {
        for (var around = piece.Parent; around is not null; around = around.Parent)
        {
            if (around is CommandAst command && IsInlineScript(command))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an activity's own parameters are given with a command.</summary>
    public static bool HasCommonParameters(CommandAst command) => command.CommandElements.Any(IsCommonParameter);

    public static bool IsCommonParameter(CommandElementAst element) =>
        element is CommandParameterAst parameter
        && (s_commonParameters.Contains(parameter.ParameterName) || s_sharedParameters.Contains(parameter.ParameterName));

    /// <summary>Whether a command may have the parameter itself.</summary>
    public static bool IsSharedParameter(string name) => s_sharedParameters.Contains(name);

    public static bool SavesAfterwards(CommandAst command) => command.CommandElements.Any(element =>
        element is CommandParameterAst { ParameterName: var name } && name.Equals("PSPersist", StringComparison.OrdinalIgnoreCase));

    public static string? NameOf(CommandAst command)
    {
        var name = command.GetCommandName();
        return name is not null && name.LastIndexOf('\\') is var slash and >= 0 ? name[(slash + 1)..] : name;
    }

    /// <summary>A command without the parameters that activities have, and those parameters with their values.</summary>
    public static (IReadOnlyList<CommandElementAst> Elements, IReadOnlyList<(CommandParameterAst Parameter, ExpressionAst? Value)> Common) Split(CommandAst command)
    {
        var elements = new List<CommandElementAst>();
        var common = new List<(CommandParameterAst, ExpressionAst?)>();
        var all = command.CommandElements;
        for (int index = 0; index < all.Count; index++)
        {
            if (index == 0 || !IsCommonParameter(all[index]))
            {
                elements.Add(all[index]);
                continue;
            }

            var parameter = (CommandParameterAst)all[index];
            if (parameter.Argument is { } argument)
            {
                common.Add((parameter, argument));
            }
            else if (index + 1 < all.Count && all[index + 1] is ExpressionAst value)
            {
                common.Add((parameter, value));
                index++;
            }
            else
            {
                common.Add((parameter, null));
            }
        }

        return (elements, common);
    }

    private static bool Is(CommandAst command, string name) => string.Equals(NameOf(command), name, StringComparison.OrdinalIgnoreCase);
}
