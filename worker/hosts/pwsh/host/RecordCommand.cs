#nullable enable
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Runsmith.PowerShellHost;

/// <summary>Stands between a runbook and Out-Default: objects go on one by one, between two calls to the sink.</summary>
[Cmdlet(VerbsData.Out, "RunsmithRecord")]
public sealed class RecordCommand : PSCmdlet
{
    /// <summary>The object to record.</summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; } = AutomationNull.Value;

    /// <summary>The host's <see cref="RecordSink"/>.</summary>
    [Parameter(Mandatory = true)]
    public object Sink { get; set; } = null!;

    /// <summary>What formats the objects in place of the next command; null where that does.</summary>
    [Parameter]
    public object? Formatter { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var item = InputObject;
        if (item is null || item == AutomationNull.Value)
        {
            return;
        }

        var sink = (RecordSink)Sink;
        sink.BeginObject(item);
        try
        {
            if (Formatter is RecordFormatter formatter)
            {
                formatter.Write(item);
            }
            else
            {
                WriteObject(item);
            }
        }
        finally
        {
            sink.EndObject();
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        ((RecordSink)Sink).BeginLastLines();
        (Formatter as RecordFormatter)?.End();
    }
}
