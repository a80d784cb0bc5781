#nullable enable
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Runsmith.PowerShellHost;

/// <summary>Where PowerShell writes what is no object of the pipeline; every question is refused.</summary>
internal sealed class ScriptUserInterface : PSHostUserInterface
{
    private readonly RecordSink _sink;

    public ScriptUserInterface(RecordSink sink)
    {
        _sink = sink;
    }

    public ScriptRawUserInterface Screen { get; } = new();

    public override PSHostRawUserInterface RawUI => Screen;

    public override bool SupportsVirtualTerminal => false;

    public override void Write(string value) => _sink.WriteText(value, endsLine: false);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        _sink.WriteText(value, endsLine: false);

    public override void WriteLine() => _sink.WriteText(string.Empty, endsLine: true);

    public override void WriteLine(string value) => _sink.WriteText(value, endsLine: true);

    public override void WriteLine(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        _sink.WriteText(value, endsLine: true);

    public override void WriteErrorLine(string value) => _sink.WriteErrorLine(value);

    public override void WriteWarningLine(string message) => _sink.WriteWarning(message);

    public override void WriteVerboseLine(string message) => _sink.WriteVerbose(message);

    public override void WriteDebugLine(string message) => _sink.WriteDebug(message);

    public override void WriteProgress(long sourceId, ProgressRecord record) => _sink.WriteProgress(record);

    public override void WriteInformation(InformationRecord record) => _sink.WriteInformation(record);

    public override string ReadLine() => throw Refusal.Of("Read-Host");

    public override SecureString ReadLineAsSecureString() => throw Refusal.Of("Read-Host -AsSecureString");

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        if (string.IsNullOrEmpty(caption) && string.IsNullOrEmpty(message))
        {
            throw Refusal.Of("Read-Host");
        }

        var names = new List<string>();
        foreach (var description in descriptions)
        {
            names.Add(description.Name);
        }

        throw Refusal.Of($"Asking for {string.Join(", ", names)}");
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) =>
        throw Refusal.Of($"The question \"{(string.IsNullOrEmpty(message) ? caption : message)}\"");

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        throw Refusal.Of("Get-Credential");

    public override PSCredential PromptForCredential(
        string caption,
        string message,
        string userName,
        string targetName,
        PSCredentialTypes allowedCredentialTypes,
        PSCredentialUIOptions options) => throw Refusal.Of("Get-Credential");
}
