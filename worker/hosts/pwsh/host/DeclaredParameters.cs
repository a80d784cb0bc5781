#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>The parameters that a script or a workflow declares, and the attributes of its param block.</summary>
internal sealed record DeclaredParameters(IReadOnlyList<ParameterAst> Parameters, IReadOnlyList<AttributeAst> Attributes, bool IsOfWorkflow)
{
    public static DeclaredParameters Of(ScriptBlockAst script) => Of(script.ParamBlock, isOfWorkflow: false);

    /// <summary>Those of its param block, or those in brackets behind its name.</summary>
    public static DeclaredParameters Of(FunctionDefinitionAst workflow) => workflow.Parameters is { } parameters
        ? new DeclaredParameters(parameters, Array.Empty<AttributeAst>(), IsOfWorkflow: true)
        : Of(workflow.Body.ParamBlock, isOfWorkflow: true);

    private static DeclaredParameters Of(ParamBlockAst? block, bool isOfWorkflow) => block is null
        ? new DeclaredParameters(Array.Empty<ParameterAst>(), Array.Empty<AttributeAst>(), isOfWorkflow)
        : new DeclaredParameters(block.Parameters, block.Attributes, isOfWorkflow);
}
