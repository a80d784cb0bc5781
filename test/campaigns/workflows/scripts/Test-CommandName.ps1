workflow Test-CommandName {
    workflow Get-Inner { "inner: $WorkflowCommandName" }
    "outer: $WorkflowCommandName"
    Get-Inner
    "again: $WorkflowCommandName"
    $id = $PSPrivateMetadata.JobId.Guid
    "a job id: $($id -match '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')"
}
