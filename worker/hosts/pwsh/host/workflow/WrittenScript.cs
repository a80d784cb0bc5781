#nullable enable
using System.Collections.Generic;

namespace Runsmith.PowerShellHost;

/// <summary>A script that was written from another one.</summary>
/// <param name="LinesToSee">Its lines on which a comment says what the script does otherwise: one for each comment.</param>
internal sealed record WrittenScript(string Text, IReadOnlyList<int> LinesToSee);
