#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>Does an activity as often, and for as long, as its parameters say.</summary>
internal sealed class ActivityAttempts : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly PSCmdlet _command;
    private readonly string _name;
    private readonly ActivityOptions _options;
    private volatile Action? _end;
    private bool _isLate;

    public ActivityAttempts(PSCmdlet command, string name, ActivityOptions options)
    {
        _command = command;
        _name = name;
        _options = options;
    }

    /// <summary>What a failed attempt gave is nobody's, where there is another one.</summary>
    /// <param name="once">
    /// Does it once, and gives what that gives to its parameter; it calls <see cref="Running"/> with what would end it.
    /// </param>
    public void Run(Action<Action<object?>> once)
    {
        for (int attempt = 0; ; attempt++)
        {
            var given = new List<object?>();
            try
            {
                if (attempt >= _options.Retries)
                {
                    RunInTime(() => once(_command.WriteObject));
                    return;
                }

                RunInTime(() => once(given.Add));
                given.ForEach(_command.WriteObject);
                return;
            }
            catch (RuntimeException failure) when (attempt < _options.Retries && !_stopping.IsCancellationRequested)
            {
                _command.WriteVerbose($"{_name} failed, and is done again in {_options.RetryInterval.TotalSeconds} s: {failure.Message}");
            }
            catch (RuntimeException failure) when (failure is not PipelineStoppedException)
            {
                ErrorOf.Retell(_command, failure);
            }

            if (_stopping.Token.WaitHandle.WaitOne(_options.RetryInterval))
            {
                throw new PipelineStoppedException();
            }
        }
    }

    /// <summary>From here on the attempt at hand can be ended, from any thread.</summary>
    public void Running(Action end)
    {
        _end = end;
        if (_isLate || _stopping.IsCancellationRequested)
        {
            end();
        }
    }

    public void Stop()
    {
        _stopping.Cancel();
        _end?.Invoke();
    }

    public void Dispose() => _stopping.Dispose();

    private void RunInTime(Action once)
    {
        _isLate = false;
        using var timer = _options.TimeLimit is { } limit
            ? new Timer(
                _ =>
                {
                    _isLate = true;
                    _end?.Invoke();
                },
                null,
                limit,
                Timeout.InfiniteTimeSpan)
            : null;
        try
        {
            once();
        }
        catch (PipelineStoppedException) when (_isLate && !_stopping.IsCancellationRequested)
        {
            throw Late();
        }
        finally
        {
            _end = null;
        }

        if (_isLate)
        {
            throw Late();
        }
    }

    private RuntimeException Late() => ErrorOf.Terminating(new TimeoutException(
        $"{_name} was ended because it ran for longer than {_options.TimeLimit!.Value.TotalSeconds} s, its PSActionRunningTimeoutSec."));
}
