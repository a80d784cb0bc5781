#nullable enable
using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Runsmith.PowerShellHost;

/// <summary>The few calls of the operating system that .NET does not offer.</summary>
internal static class OperatingSystemCalls
{
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    /// <summary>Opens an inherited descriptor, and keeps it from the programs that the script starts.</summary>
    public static FileStream Open(int descriptor, FileAccess access)
    {
        if (fcntl(descriptor, SetDescriptorFlags, CloseOnExec) != 0)
        {
            throw new IOException(
                $"Descriptor {descriptor} is not open. This program is a host of Runsmith's worker and is started by it.");
        }

        return new FileStream(new SafeFileHandle((IntPtr)descriptor, ownsHandle: false), access, bufferSize: 0);
    }

    /// <summary>Makes a folder that only this account can open; false when something of that name is there already.</summary>
    public static bool TryMakePrivateFolder(string path) => mkdir(path, 0x1C0 /* 0700 */) == 0;

    /// <summary>Unmaps pages of a file until they are touched again; for mappings that nobody writes to.</summary>
    public static void ForgetPages(ulong start, ulong length) => madvise((UIntPtr)start, (UIntPtr)length, 4 /* MADV_DONTNEED */);

    /// <summary>Ends the process at once: nothing of the script may hold it back.</summary>
    public static void Exit(int code) => _exit(code);

    [DllImport("libc", SetLastError = true)]
    private static extern int fcntl(int descriptor, int command, int argument);

    [DllImport("libc", SetLastError = true)]
    private static extern int mkdir([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc", SetLastError = true)]
    private static extern int madvise(UIntPtr address, UIntPtr length, int advice);

    [DllImport("libc")]
    private static extern void _exit(int code);
}
