#nullable enable
using System;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Another runbook, or a job, could not be had, or a runbook that ran as a job of its own has failed.</summary>
public sealed class RunbookException : RuntimeException
{
    /// <inheritdoc/>
    public RunbookException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public RunbookException(string message, Exception? cause)
        : base(message, cause)
    {
    }
}
