using Runsmith.PowerShellHost;

/// <summary>
/// .NET calls this before the main function of pwsh, since DOTNET_STARTUP_HOOKS names this library
/// (https://github.com/dotnet/runtime/blob/main/docs/design/features/host-startup-hook.md). The process never
/// comes to pwsh's own console host, which would open a runspace of its own (60 ms and 10 MB for nothing).
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => HostProcess.Run();
}
