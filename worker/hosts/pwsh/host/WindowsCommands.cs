#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Well-known commands of Windows, which are nowhere else, and what to write in their place. A command that a module here has after
/// all is none of them, nor is one that runs on another computer, or where the script asks for its system.
/// </summary>
internal static class WindowsCommands
{
    private static readonly Dictionary<string, string> s_remedies = ByName(
        (
            "Read /proc and /sys, or call Get-Process or the system's own commands (systemctl, df, ip).",
            "Get-WmiObject gwmi Invoke-WmiMethod Set-WmiInstance Remove-WmiObject Register-WmiEvent Get-CimInstance Get-CimClass "
            + "Get-CimAssociatedInstance Invoke-CimMethod New-CimInstance Set-CimInstance Remove-CimInstance New-CimSession Register-CimIndicationEvent "
            + "Get-ComputerInfo Get-HotFix Get-Counter"
        ),
        (
            "Call journalctl -o json | ConvertFrom-Json to read, and logger to write, with the grants that these need.",
            "Get-EventLog Get-WinEvent New-WinEvent Write-EventLog New-EventLog Clear-EventLog Limit-EventLog Remove-EventLog"
        ),
        (
            "Call systemctl, with the grants that it needs.",
            "Get-Service Start-Service Stop-Service Restart-Service Suspend-Service Resume-Service Set-Service New-Service Remove-Service"
        ),
        (
            "Call it on a computer of the domain by Invoke-Command -HostName, which goes by SSH, or ask the directory by LDAP (ldapsearch).",
            "Get-ADUser Set-ADUser New-ADUser Remove-ADUser Get-ADGroup Set-ADGroup New-ADGroup Remove-ADGroup Get-ADComputer Set-ADComputer New-ADComputer "
            + "Remove-ADComputer Get-ADObject Set-ADObject New-ADObject Remove-ADObject Move-ADObject Rename-ADObject Get-ADOrganizationalUnit "
            + "New-ADOrganizationalUnit Get-ADGroupMember Add-ADGroupMember Remove-ADGroupMember Get-ADPrincipalGroupMembership "
            + "Add-ADPrincipalGroupMembership Remove-ADPrincipalGroupMembership Get-ADDomain Get-ADDomainController Get-ADForest "
            + "Set-ADAccountPassword Unlock-ADAccount Enable-ADAccount Disable-ADAccount Search-ADAccount"
        ),
        (
            "Call Test-Connection (-TcpPort), [System.Net.Dns]::GetHostAddresses(…), or the system's own commands (ip, ss).",
            "Resolve-DnsName Test-NetConnection Get-NetAdapter Get-NetIPAddress Get-NetIPConfiguration Get-NetTCPConnection Get-NetRoute Get-DnsClientServerAddress"
        ),
        (
            "Make a schedule of Runsmith for a runbook.",
            "Get-ScheduledTask Register-ScheduledTask Unregister-ScheduledTask Start-ScheduledTask Stop-ScheduledTask Enable-ScheduledTask "
            + "Disable-ScheduledTask Get-ScheduledJob Register-ScheduledJob Unregister-ScheduledJob"
        ),
        (
            "Call the system's own commands (lsblk, df, stat, chmod, id, getent).",
            "Get-Disk Get-Partition Get-Volume Get-PhysicalDisk Get-Acl Set-Acl Get-LocalUser New-LocalUser Set-LocalUser Remove-LocalUser "
            + "Get-LocalGroup Get-LocalGroupMember Add-LocalGroupMember Remove-LocalGroupMember"
        ),
        (
            "Call it on a computer with Windows by Invoke-Command -HostName, which goes by SSH.",
            "Get-WindowsFeature Install-WindowsFeature Uninstall-WindowsFeature Add-WindowsFeature Get-WindowsOptionalFeature "
            + "Enable-WindowsOptionalFeature Add-Computer Remove-Computer Rename-Computer Checkpoint-Computer Test-ComputerSecureChannel "
            + "Get-AuthenticodeSignature Set-AuthenticodeSignature Get-NetFirewallRule New-NetFirewallRule Set-NetFirewallRule Remove-NetFirewallRule "
            + "Get-SmbShare New-SmbShare Remove-SmbShare Get-Website New-Website Restart-WebAppPool Start-WebAppPool Stop-WebAppPool"
        ),
        (
            "Call Import-Module, where the product has a module that works on PowerShell 7.",
            "Add-PSSnapin Get-PSSnapin Remove-PSSnapin"
        ),
        ("Call Invoke-RestMethod or Invoke-WebRequest.", "New-WebServiceProxy"));

    /// <summary>The calls in a script that will find no command, each with what to write in its place.</summary>
    /// <param name="runspace">Knows which commands there are.</param>
    public static IEnumerable<(CommandAst Call, string Remedy)> Of(ScriptBlockAst tree, Runspace runspace)
    {
        var known = CalledRunbooks.OwnFunctions(tree);
        foreach (var call in tree.FindAll(piece => piece is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
        {
            if (call.GetCommandName() is not { } name || !s_remedies.TryGetValue(name, out var remedy) || known.Contains(name) || IsElsewhere(call))
            {
                continue;
            }

            if (CalledRunbooks.IsCommand(name, runspace))
            {
                known.Add(name);
                continue;
            }

            yield return (call, remedy);
        }
    }

    /// <summary>Whether a command is for another computer, or for Windows only as the script itself says.</summary>
    private static bool IsElsewhere(Ast piece)
    {
        for (var around = piece.Parent; around is not null; around = around.Parent)
        {
            if (around is IfStatementAst choice && choice.Clauses.Any(clause => AsksForSystem(clause.Item1)))
            {
                return true;
            }

            if (around is ScriptBlockExpressionAst { Parent: CommandAst command } && command.CommandElements.OfType<CommandParameterAst>().Any(NamesComputer))
            {
                return true;
            }
        }

        return false;
    }

    private static bool AsksForSystem(Ast condition) => condition.Find(
        piece => piece is VariableExpressionAst { VariablePath.UserPath: var name }
            && (name.Equals("IsWindows", StringComparison.OrdinalIgnoreCase) || name.Equals("IsLinux", StringComparison.OrdinalIgnoreCase)),
        searchNestedScriptBlocks: false) is not null;

    private static bool NamesComputer(CommandParameterAst parameter) =>
        parameter.ParameterName.ToUpperInvariant() is "HOSTNAME" or "COMPUTERNAME" or "SESSION" or "SSHCONNECTION" or "PSCOMPUTERNAME";

    private static Dictionary<string, string> ByName(params (string Remedy, string Names)[] groups) => groups
        .SelectMany(group => group.Names.Split(' ').Select(name => KeyValuePair.Create(name, group.Remedy)))
        .ToDictionary(each => each.Key, each => each.Value, StringComparer.OrdinalIgnoreCase);
}
