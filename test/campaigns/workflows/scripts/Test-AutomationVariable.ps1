workflow Test-AutomationVariable {
    $region = Get-AutomationVariable -Name 'Workflow-Region'
    "region $region"
    $count = Get-AutomationVariable -Name 'Workflow-Count'
    Set-AutomationVariable -Name 'Workflow-Count' -Value ($count + 1)
    "count $(Get-AutomationVariable -Name 'Workflow-Count')"
    $login = Get-AutomationPSCredential -Name 'Workflow-Login'
    "user $($login.UserName)"
    InlineScript {
        $login = $using:login
        "inside $($login.UserName) $($login.GetNetworkCredential().Password.Length)"
    }
}
