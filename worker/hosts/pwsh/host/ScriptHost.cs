#nullable enable
using System;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace Runsmith.PowerShellHost;

/// <summary>What a runbook sees as `$Host`.</summary>
internal sealed class ScriptHost : PSHost
{
    private readonly PSObject _privateData = new();

    public ScriptHost(RecordSink sink)
        : this(new ScriptUserInterface(sink))
    {
    }

    private ScriptHost(PSHostUserInterface userInterface)
    {
        UI = userInterface;
        foreach (var name in new[] { "Error", "Warning", "Debug", "Verbose", "Progress" })
        {
            // Scripts set the colours of pwsh's console here; they have no effect, but they are no error.
            _privateData.Properties.Add(new PSNoteProperty(name + "ForegroundColor", ConsoleColor.Gray));
            _privateData.Properties.Add(new PSNoteProperty(name + "BackgroundColor", ConsoleColor.Black));
        }
    }

    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "Runsmith";

    public override PSObject PrivateData => _privateData;

    public override PSHostUserInterface UI { get; }

    public override Version Version => EngineVersion.Number;

    /// <summary>The code of the `exit` that ended the script.</summary>
    public int? ExitCode { get; set; }

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    /// <summary>The same for a script whose `exit` ends nothing but itself.</summary>
    public ScriptHost WithExitOfItsOwn() => new(UI);

    public override void EnterNestedPrompt() => throw Refusal.Of("EnterNestedPrompt");

    public override void ExitNestedPrompt()
    {
    }

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }
}
