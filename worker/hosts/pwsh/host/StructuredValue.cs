#nullable enable
using System;

namespace Runsmith.PowerShellHost;

/// <summary>A record's value as JSON; `Cut` when something of the object is missing in it.</summary>
internal readonly record struct StructuredValue(ReadOnlyMemory<byte> Json, bool Cut);
