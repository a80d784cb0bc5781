#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Reflection;

namespace Runsmith.PowerShellHost;

/// <summary>Reads the variables of a frame's own scope, which PowerShell gives to none but its own commands.</summary>
internal static class ScopeVariables
{
    /// <summary>Variables that PowerShell makes itself, anew in each scope.</summary>
    private static readonly HashSet<string> s_automatic = new(StringComparer.OrdinalIgnoreCase)
    {
        Syntax.FrameName, ActivityCommand.OwnParameters, "args", "input", "MyInvocation", BoundParameters, "PSScriptRoot", "PSCommandPath", "this", "PSCmdlet",
        "foreach", "switch", "ExecutionContext", "null", "true", "false", "?", "^", "$", "StackTrace", "PSItem", "_", "Host", "PID",
        "PSCulture", "PSUICulture", "PSVersionTable", "PSEdition", "PSHome", "ShellId", "Error", "HOME", "PWD", "PROFILE",
        "ConsoleFileName", "EnabledExperimentalFeatures", "IsLinux", "IsMacOS", "IsWindows", "IsCoreCLR", "NestedPromptLevel",
        "PSDefaultParameterValues", "LASTEXITCODE", "PSLogUserData",
    };

    /// <summary>PowerShell's table of what a function was called with: of each script block its own.</summary>
    public const string BoundParameters = "PSBoundParameters";

    /// <summary>Of the whole runspace, and of use to the statements behind a checkpoint all the same.</summary>
    private const string LastExitCode = "global:LASTEXITCODE";

    private static readonly Lazy<Func<SessionState, string, IDictionary<string, PSVariable>>> s_read = new(Reader);

    /// <summary>Whether PowerShell makes a variable itself, anew in each scope.</summary>
    public static bool IsAutomatic(string name) => s_automatic.Contains(name);

    /// <summary>The variables of the scope that a frame's workflow runs in.</summary>
    public static Dictionary<string, object?> Of(WorkflowFrame frame)
    {
        for (int scope = 0; TryRead(frame.Context.SessionState, scope) is { } table; scope++)
        {
            if (table.TryGetValue(Syntax.FrameName, out var found) && Bare(found.Value) == frame)
            {
                var variables = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
                Add(table, variables);
                if (frame.Context.SessionState.PSVariable.GetValue(LastExitCode) is { } code)
                {
                    variables[LastExitCode] = code;
                }

                return variables;
            }
        }

        throw new InvalidOperationException($"The variables of {frame.Function.Name} are out of reach.");
    }

    /// <summary>The frame of the nearest caller that has one; a workflow that has come to its end is none, for its scope is gone.</summary>
    public static WorkflowFrame? NearestFrame(SessionState state) => Bare(state.PSVariable.GetValue(Syntax.FrameName)) as WorkflowFrame;

    /// <summary>Every variable that a statement sees which runs now, but for global ones.</summary>
    public static Dictionary<string, object?> Visible(SessionState state)
    {
        var tables = new List<IDictionary<string, PSVariable>>();
        for (int scope = 0; TryRead(state, scope) is { } table; scope++)
        {
            tables.Add(table);
        }

        var variables = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        for (int scope = tables.Count - 2; scope >= 0; scope--)
        {
            Add(tables[scope], variables);
        }

        return variables;
    }

    /// <summary>Names of the variables that the callers of the current function have, but for global ones, preferences and its own.</summary>
    public static HashSet<string> OfCallers(SessionState state)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var own = TryRead(state, 0)!;
        IDictionary<string, PSVariable>? table = TryRead(state, 1);
        for (int scope = 2; table is not null && TryRead(state, scope) is { } next; scope++)
        {
            foreach (var name in table.Keys)
            {
                if (!s_automatic.Contains(name) && !own.ContainsKey(name) && !name.EndsWith("Preference", StringComparison.OrdinalIgnoreCase))
                {
                    names.Add(name);
                }
            }

            table = next;
        }

        return names;
    }

    /// <summary>What a script that runs for itself has of its workflow's preferences.</summary>
    public static KeyValuePair<string, object?>[] PreferencesOf(SessionState state)
    {
        var names = new[] { "ErrorActionPreference", "WarningPreference", "VerbosePreference", "DebugPreference", "InformationPreference", "ProgressPreference" };
        return Array.ConvertAll(names, name => KeyValuePair.Create(name, (object?)state.PSVariable.GetValue(name)));
    }

    /// <summary>Sets variables in the current scope.</summary>
    public static void Set(SessionState state, IEnumerable<KeyValuePair<string, object?>> variables)
    {
        foreach (var (name, value) in variables)
        {
            try
            {
                state.PSVariable.Set(name, value);
            }
            catch (SessionStateUnauthorizedAccessException)
            {
                // It is PowerShell's own, and cannot be set.
            }
            catch (RuntimeException)
            {
                // It has a type that what is left of its value cannot be converted to.
                if (state.PSVariable.Get(name) is { } typed)
                {
                    typed.Attributes.Clear();
                    typed.Value = value;
                }
            }
        }
    }

    /// <summary>What the function was called with that runs now.</summary>
    public static Dictionary<string, object?> BoundParametersOf(SessionState state) => new(
        (IDictionary<string, object?>)Bare(state.PSVariable.GetValue(BoundParameters))!,
        StringComparer.OrdinalIgnoreCase);

    private static void Add(IDictionary<string, PSVariable> table, Dictionary<string, object?> variables)
    {
        foreach (var (name, variable) in table)
        {
            if (!s_automatic.Contains(name) && (variable.Options & (ScopedItemOptions.Constant | ScopedItemOptions.ReadOnly)) == 0)
            {
                variables[name] = variable.Value;
            }
        }
    }

    private static object? Bare(object? value) => value is PSObject wrapper ? wrapper.BaseObject : value;

    private static IDictionary<string, PSVariable>? TryRead(SessionState state, int scope)
    {
        try
        {
            return s_read.Value(state, scope.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (TargetInvocationException failure) when (failure.InnerException is PSArgumentException)
        {
            return null;
        }
        catch (TargetInvocationException failure) when (failure.InnerException is ArgumentException)
        {
            return null;
        }
    }

    private static Func<SessionState, string, IDictionary<string, PSVariable>> Reader()
    {
        const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;
        var inner = typeof(SessionState).GetProperty("Internal", Hidden);
        var read = inner?.PropertyType.GetMethod("GetVariableTableAtScope", Hidden, new[] { typeof(string) });
        if (inner is null || read is null)
        {
            throw new NotSupportedException($"Runsmith does not know PowerShell {EngineVersion.Text} yet. Set RUNSMITH_PWSH to an earlier version.");
        }

        return (state, scope) => (IDictionary<string, PSVariable>)read.Invoke(inner.GetValue(state), new object[] { scope })!;
    }
}
