#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>The attributes of a parameter, read from the tree: constants only, nothing is made or run.</summary>
internal sealed class ParameterAttributes
{
    private readonly List<AttributeAst> _attributes;

    public ParameterAttributes(ParameterAst parameter)
    {
        _attributes = parameter.Attributes.OfType<AttributeAst>().ToList();
    }

    /// <summary>Mandatory in every parameter set: where a set does without it, PowerShell decides by the others.</summary>
    public bool IsMandatory
    {
        get
        {
            var declarations = All("Parameter").ToList();
            return declarations.Count > 0
                && declarations.All(declaration => TryGetNamed(declaration, "Mandatory", out var value) && value is not false)
                && declarations.All(declaration => !TryGetNamed(declaration, "ParameterSetName", out _));
        }
    }

    public int? Position => All("Parameter")
        .Select(declaration => TryGetNamed(declaration, "Position", out var value) && value is int position ? position : (int?)null)
        .FirstOrDefault(position => position is not null);

    public string? HelpMessage => All("Parameter")
        .Select(declaration => TryGetNamed(declaration, "HelpMessage", out var value) ? value as string : null)
        .FirstOrDefault(text => text is not null);

    public static bool Is(AttributeAst attribute, string name)
    {
        var written = attribute.TypeName.FullName;
        var last = written[(written.LastIndexOf('.') + 1)..];
        return last.Equals(name, StringComparison.OrdinalIgnoreCase)
            || last.Equals(name + "Attribute", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A named argument; without a value, as in `[Parameter(Mandatory)]`, it is true.</summary>
    public static bool TryGetNamed(AttributeAst attribute, string name, out object? value)
    {
        foreach (var argument in attribute.NamedArguments)
        {
            if (argument.ArgumentName.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                value = true;
                return argument.ExpressionOmitted || ConstantValue.TryRead(argument.Argument, out value);
            }
        }

        value = null;
        return false;
    }

    public IEnumerable<AttributeAst> All(string name) => _attributes.Where(attribute => Is(attribute, name));

    public bool Has(string name) => All(name).Any();

    /// <summary>The constant arguments of the first attribute of a name; null when there is none, or one is no constant.</summary>
    public object?[]? Arguments(string name)
    {
        if (All(name).FirstOrDefault() is not { } attribute)
        {
            return null;
        }

        var values = new List<object?>();
        foreach (var argument in attribute.PositionalArguments)
        {
            if (!ConstantValue.TryRead(argument, out var value))
            {
                return null;
            }

            values.Add(value);
        }

        return values.ToArray();
    }
}
