#nullable enable
using System;
using System.Collections.Generic;

namespace Runsmith.PowerShellHost;

/// <summary>The runbook itself, or what one of its steps does: where the calls of each name are counted.</summary>
internal sealed class StepBranch
{
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);

    /// <param name="path">Empty for the runbook itself.</param>
    /// <param name="step">The step whose work it is; null where waits are allowed.</param>
    public StepBranch(string path, string? step)
    {
        Path = path;
        Step = step;
    }

    public string Path { get; }

    public string? Step { get; }

    /// <summary>The key of a call, unlike that of any other call in the job.</summary>
    public string KeyOfCall(string label)
    {
        int number = _calls.GetValueOrDefault(label) + 1;
        _calls[label] = number;
        return $"{Path}{label}#{number}";
    }
}
