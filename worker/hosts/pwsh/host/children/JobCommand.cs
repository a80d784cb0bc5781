#nullable enable
using System;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>A command about jobs that it is given the ids of.</summary>
public abstract class JobCommand : RunbookCommand
{
    /// <summary>Ids of jobs.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("JobId")]
    [ValidateNotNullOrEmpty]
    public string[] Id { get; set; } = Array.Empty<string>();

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var id in Id)
        {
            Process(id.ToLowerInvariant());
        }
    }

    /// <summary>Does what the command does for one job.</summary>
    private protected abstract void Process(string id);
}
