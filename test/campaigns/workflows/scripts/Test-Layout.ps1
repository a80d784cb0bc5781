workflow Test-Layout
{
    param
    (
        [int] $Number = 3
    )

    $table = @{ sum = 0 }
    $squares = InlineScript # with braces on lines of their own
    {
        1..$Using:Number | ForEach-Object { $_ * $_ }
    }
    "$squares"
    foreach -Parallel ($item in 1..$Number)
    {
        $workflow:table["item$item"] = InlineScript
        {
            "at $Using:item"
        }
    }
    foreach ($item in 1..$Number)
    {
        $table["item$item"]
    }
    Parallel
    {
        Sequence
        {
            $one = InlineScript `
            {
                'one'
            }
            "$one and two"
        }
    }
}
