#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;
using System.Text.RegularExpressions;

namespace Runsmith.PowerShellHost;

/// <summary>Runs a script for itself: in a runspace of its own, into which only what `$using:` names goes, as a copy.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RunsmithInlineScript")]
public sealed class InlineScriptCommand : PSCmdlet, IDisposable
{
    private static readonly Regex s_boundParameters = new($@"^(\$?\{{?){ScopeVariables.BoundParameters}\b", RegexOptions.IgnoreCase);

    private ActivityAttempts? _attempts;

    /// <summary>The script.</summary>
    [Parameter(Mandatory = true)]
    public ScriptBlock Body { get; set; } = null!;

    /// <summary>The parameters that every activity has.</summary>
    [Parameter(Mandatory = true)]
    public Hashtable Options { get; set; } = null!;

    /// <summary>Variables that all branches have in common, as they are now.</summary>
    [Parameter(Mandatory = true)]
    public Hashtable Shared { get; set; } = null!;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var run = WorkflowRun.Current;
        ScopeVariables.Set(SessionState, Shared.Cast<DictionaryEntry>().Select(each => KeyValuePair.Create((string)each.Key, each.Value)));
        var usings = Usings();
        var options = new ActivityOptions(Options);
        RemoteComputers.Refuse("InlineScript", options);
        var preferences = Preferences();
        _attempts = new ActivityAttempts(this, "InlineScript", options);
        _attempts.Run(give => RunOnce(run, usings, preferences, options, give));
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _attempts?.Stop();

    /// <inheritdoc/>
    public void Dispose() => _attempts?.Dispose();

    private void RunOnce(
        WorkflowRun run,
        Dictionary<string, object?> usings,
        IReadOnlyList<KeyValuePair<string, object?>> preferences,
        ActivityOptions options,
        Action<object?> give)
    {
        var output = new SideOutput(run);
        Exception? failure = null;
        var body = (ScriptBlockAst)((ScriptBlockAst)Body.Ast).Copy();
        var thread = new SideThread(run, output, side => failure = side.Run(body, usings), preferences);
        _attempts!.Running(thread.Stop);
        thread.Start();
        output.Drain(
            WorkflowRun.Branch,
            isStatement: false,
            item => give(Deserialised(item, run.JobId)),
            options.MergesErrors ? give : error => ErrorOf.Write(this, error),
            thread.Stop);
        if ((failure ?? output.Failure) is { } ended)
        {
            ErrorOf.Rethrow(ended);
        }
    }

    /// <summary>The workflow's preferences, but for those that are given with the activity. Of errors, it is the activity that decides.</summary>
    private KeyValuePair<string, object?>[] Preferences()
    {
        var given = MyInvocation.BoundParameters;
        return Array.ConvertAll(ScopeVariables.PreferencesOf(SessionState), preference => preference.Key switch
        {
            "VerbosePreference" when given.TryGetValue("Verbose", out var isOn) => KeyValuePair.Create(preference.Key, Switched(isOn)),
            "DebugPreference" when given.TryGetValue("Debug", out var isOn) => KeyValuePair.Create(preference.Key, Switched(isOn)),
            not "ErrorActionPreference" and var name when given.TryGetValue(name.Replace("Preference", "Action"), out var action) => KeyValuePair.Create(name, (object?)action),
            _ => preference,
        });
    }

    private static object? Switched(object isOn) => LanguagePrimitives.IsTrue(isOn) ? ActionPreference.Continue : ActionPreference.SilentlyContinue;

    private static object? Copy(object? value)
    {
        var written = new StateWriter().Write(value);
        return new StateReader(written).Read(written);
    }

    /// <summary>Objects come out as copies that know where they come from; plain values as they are.</summary>
    private static object? Deserialised(object? item, Guid jobId)
    {
        var copy = Copy(item);
        var bare = copy is PSObject wrapper ? wrapper.BaseObject : copy;
        if (bare is null or string or bool or char or DateTime or decimal or Guid or Enum || bare.GetType().IsPrimitive)
        {
            return copy;
        }

        var marked = PSObject.AsPSObject(copy!);
        foreach (var (name, value) in new (string, object)[]
        {
            ("PSComputerName", "localhost"),
            ("PSShowComputerName", true),
            ("PSSourceJobInstanceId", jobId),
        })
        {
            if (marked.Properties[name] is null)
            {
                marked.Properties.Add(new PSNoteProperty(name, value));
            }
        }

        return marked;
    }

    /// <summary>Values of `$using:` by the keys under which PowerShell looks for them.</summary>
    private Dictionary<string, object?> Usings()
    {
        var values = new Dictionary<string, object?>();
        foreach (var piece in Body.Ast.FindAll(piece => piece is UsingExpressionAst, searchNestedScriptBlocks: true).Cast<UsingExpressionAst>())
        {
            var text = piece.ToString();
            if (piece.SubExpression is VariableExpressionAst)
            {
                text = text.ToLowerInvariant();
            }

            var key = Convert.ToBase64String(Encoding.Unicode.GetBytes(text));
            if (!values.ContainsKey(key))
            {
                values[key] = Copy(ValueOf(piece.SubExpression));
            }
        }

        return values;
    }

    private object? ValueOf(ExpressionAst expression)
    {
        if (expression is VariableExpressionAst variable)
        {
            var name = variable.VariablePath.UserPath;
            return SessionState.PSVariable.GetValue(s_boundParameters.IsMatch(name) ? Syntax.BoundParametersName : name);
        }

        var text = Regex.Replace(expression.Extent.Text, @"^(\$\{?)using:", "$1", RegexOptions.IgnoreCase);
        var script = ScriptBlock.Create(s_boundParameters.Replace(text, "$1" + Syntax.BoundParametersName));
        var results = InvokeCommand.InvokeScript(false, script, null);
        return results.Count == 1 ? results[0] : results.ToArray();
    }
}
