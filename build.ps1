#!/usr/bin/env pwsh
# The same verbs as build.sh, for Windows and for those who live in PowerShell.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
# Windows PowerShell 5.1 turns a program's standard error into exceptions under 'Stop'; programs are judged by their exit code here.
$PSNativeCommandUseErrorActionPreference = $false

$root = $PSScriptRoot
$artifacts = Join-Path $root 'artifacts'
$nodeDirs = 'tests/Engine.Interop.Tests/node', 'tests/Engine.TypeScript.Tests/node' | ForEach-Object { Join-Path $root $_ }
$verb = if ($args.Count -gt 0) { $args[0] } else { '' }
$rest = @(if ($args.Count -gt 1) { $args[1..($args.Count - 1)] })

$env:DOTNET_NOLOGO = '1'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:MSBUILDDISABLENODEREUSE = '1'

function Show-Usage { (Get-Content (Join-Path $root '.ci/usage.txt') -Raw).Replace('./build.sh', './build.ps1').TrimEnd() }

function Stop-With([string] $message) {
    [Console]::Error.WriteLine($message)
    exit 1
}

function Test-Program([string] $name) { $null -ne (Get-Command $name -CommandType Application -ErrorAction SilentlyContinue) }

function Invoke-Dotnet {
    & dotnet @args | Out-Host
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

function Build-Solution { Invoke-Dotnet build Engine.sln -c Release -v quiet --nologo @args }

function Find-Chromium {
    if ($env:ENGINE_CHROMIUM) { return $env:ENGINE_CHROMIUM }
    foreach ($name in 'chromium', 'chromium-browser', 'google-chrome-stable', 'chrome', 'msedge') {
        $found = Get-Command $name -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
        if ($found) { return $found.Source }
    }
    foreach ($folder in $env:ProgramFiles, ${env:ProgramFiles(x86)}) {
        foreach ($tail in 'Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe') {
            if ($folder -and (Test-Path (Join-Path $folder $tail))) { return Join-Path $folder $tail }
        }
    }
    return $null
}

function Install-Peers {
    $missing = @('curl', 'nginx', 'node', 'npm' | Where-Object { -not (Test-Program $_) })
    $chromium = Find-Chromium
    if (-not $chromium) { $missing += 'chromium (or ENGINE_CHROMIUM=path)' }
    if ($missing.Count -gt 0) { Stop-With "missing for the interop tests: $($missing -join ', ')" }
    $env:ENGINE_CHROMIUM = $chromium

    foreach ($nodeDir in $nodeDirs) {
        $installed = Get-Item (Join-Path $nodeDir 'node_modules/.package-lock.json') -Force -ErrorAction SilentlyContinue
        $lock = Get-Item (Join-Path $nodeDir 'package-lock.json')
        if (-not $installed -or $installed.LastWriteTimeUtc -le $lock.LastWriteTimeUtc) {
            Push-Location $nodeDir
            & npm ci --ignore-scripts --no-audit --no-fund | Out-Host
            $code = $LASTEXITCODE
            Pop-Location
            if ($code -ne 0) { Stop-With "npm could not install the modules of $nodeDir" }
        }
    }
}

function Get-TestProjects {
    $all = @(Get-ChildItem (Join-Path $root 'tests') -Directory -Filter '*.Tests' | ForEach-Object Name | Sort-Object)
    $first = 'House.Tests', 'Engine.TestKit.Tests'
    $last = 'Engine.Tests', 'Engine.Interop.Tests'
    @($first | Where-Object { $all -contains $_ }) +
        @($all | Where-Object { ($first -notcontains $_) -and ($last -notcontains $_) }) +
        @($last | Where-Object { $all -contains $_ })
}

function Invoke-Tests([string[]] $wanted) {
    $selected = @(Get-TestProjects | Where-Object { $name = $_; $wanted.Count -eq 0 -or @($wanted | Where-Object { $name.Contains($_) }).Count -gt 0 })
    if ($selected.Count -eq 0) { Stop-With "no test project's name contains: $wanted" }
    if ($selected -contains 'Engine.Interop.Tests' -or $selected -contains 'Engine.TypeScript.Tests') { Install-Peers }
    Build-Solution

    $results = Join-Path $artifacts 'test-results'
    if (Test-Path $results) { Remove-Item $results -Recurse -Force }
    New-Item $results -ItemType Directory -Force | Out-Null
    $passed = 0; $failed = 0; $skipped = 0; $status = 0
    foreach ($name in $selected) {
        $trx = Join-Path $results "$name.trx"
        & dotnet test (Join-Path 'tests' $name) -c Release --no-build --nologo --logger "trx;LogFileName=$trx" --logger 'console;verbosity=minimal' | Out-Host
        if ($LASTEXITCODE -ne 0) { $status = 1 }
        $total = 0; $good = 0; $bad = 0; $left = 0; $outcome = 'Missing'
        if (Test-Path $trx) {
            $summary = ([xml](Get-Content $trx -Raw)).TestRun.ResultSummary
            $total = [int]$summary.Counters.total
            $good = [int]$summary.Counters.passed
            $bad = [int]$summary.Counters.executed - $good
            $left = $total - [int]$summary.Counters.executed
            $outcome = $summary.outcome
        }
        # A test host that ended half-way, or a project without tests, is a failure that no counter shows.
        if ($total -eq 0 -or ($bad -eq 0 -and $outcome -ne 'Completed' -and $outcome -ne 'Passed')) { $bad++ }
        Write-Host "${name}: $good passed, $bad failed, $left skipped"
        $passed += $good; $failed += $bad; $skipped += $left
    }

    if ($failed -gt 0 -or $passed -eq 0) { $status = 1 }
    $line = "$passed passed, $failed failed"
    if ($skipped -gt 0) { $line += ", $skipped skipped" }
    Write-Output $line
    exit $status
}

# Native programs. What the compiler warns of would break at run time, so a warning is an error.
function Invoke-Aot([string[]] $options) {
    if (@($options | Where-Object { $_ -like '-*' }).Count -gt 0) { Stop-With 'aot --test and aot --measure: by build.sh' }
    $rid = [System.Runtime.InteropServices.RuntimeInformation]::RuntimeIdentifier
    $projects = @(Get-ChildItem samples/*/*.csproj) + @(Get-ChildItem conformance/TestServer/*.csproj) + @(Get-ChildItem conformance/TestClient/*.csproj)
    $selected = @($projects | Where-Object { $name = $_.BaseName; $options.Count -eq 0 -or @($options | Where-Object { $name.Contains($_) }).Count -gt 0 })
    if ($selected.Count -eq 0) { Stop-With "no program's name contains: $options" }
    foreach ($project in $selected) {
        $output = & dotnet publish $project.FullName -c Release -r $rid -p:PublishAot=true -p:NuGetLockFilePath=obj/aot.packages.lock.json -o (Join-Path $artifacts "aot/$($project.BaseName)") -v quiet --nologo 2>&1
        if ($LASTEXITCODE -ne 0 -or ($output -match 'warning ')) {
            $output | Out-Host
            Stop-With "$($project.BaseName) does not publish as a native program without a warning"
        }
        Write-Output $project.BaseName
    }
}

function Invoke-Pack {
    $packages = Join-Path $artifacts 'packages'
    if (Test-Path $packages) { Remove-Item $packages -Recurse -Force }
    Get-ChildItem src/*/*.csproj | ForEach-Object { Invoke-Dotnet pack $_.FullName -c Release -v quiet --nologo -o $packages @args }
    Get-ChildItem $packages | ForEach-Object Name
}

function Invoke-Release([string[]] $options) {
    $dry = $options -contains '--dry-run'
    $version = ([xml](Get-Content Directory.Build.props -Raw)).SelectSingleNode('//Version').InnerText
    if (-not (Select-String -Path CHANGELOG.md -Pattern "^## \[$([regex]::Escape($version))\]" -Quiet)) {
        Stop-With "CHANGELOG.md has no section [$version]: rename [Unreleased], or raise <Version> in Directory.Build.props"
    }
    & git rev-parse -q --verify "refs/tags/v$version" | Out-Null
    if ($LASTEXITCODE -eq 0) { Stop-With "v$version is tagged already: raise <Version> in Directory.Build.props" }
    if (-not $dry -and (& git status --porcelain)) { Stop-With 'the tree is not clean: commit first' }
    $env:CI = 'true'
    if ($dry) { Invoke-Pack; Write-Output "would tag v$version"; return }
    Invoke-Pack '-p:RestoreLockedMode=true'
    & git tag -a "v$version" -m "Release $version"
    Write-Output "tagged v$version; push it with: git push origin v$version"
}

function Invoke-Docs {
    Build-Solution
    Invoke-Dotnet tool restore
    $site = Join-Path $artifacts 'docs'
    $source = Join-Path $artifacts 'docs-source'
    foreach ($folder in $site, $source) { if (Test-Path $folder) { Remove-Item $folder -Recurse -Force } }
    $pages = New-Item (Join-Path $source 'pages') -ItemType Directory
    $packages = New-Item (Join-Path $source 'packages') -ItemType Directory
    $references = New-Item (Join-Path $source 'references') -ItemType Directory
    Copy-Item docs/toc.yml $pages
    # The site has the pages only: what lies beside them in the repository is named, not linked.
    foreach ($page in Get-ChildItem docs/*.md) {
        (Get-Content $page -Raw) -replace '\[([^\]]*)\]\(\.\./([^)]*)\)', '$1 (`$2`)' | Set-Content (Join-Path $pages $page.Name)
    }
    foreach ($project in Get-ChildItem src/*/*.csproj) {
        Copy-Item "src/$($project.BaseName)/bin/Release/net10.0/$($project.BaseName).dll", "src/$($project.BaseName)/bin/Release/net10.0/$($project.BaseName).xml" $packages
    }
    # What the packages stand on lies beside a program, not beside each of them.
    Get-ChildItem conformance/TestServer/bin/Release/net10.0/*.dll | Where-Object { -not (Test-Path (Join-Path $packages $_.Name)) } | Copy-Item -Destination $references
    Invoke-Dotnet docfx docs/docfx.json --warningsAsErrors
}

function Invoke-Project([string] $project, [string[]] $options) {
    Invoke-Dotnet build $project -c Release -v quiet --nologo
    & dotnet (Join-Path $project "bin/Release/net10.0/$(Split-Path $project -Leaf).dll") @options
    exit $LASTEXITCODE
}

if ($verb -in '', 'help', '-h', '--help') {
    Show-Usage
    exit 0
}
if (-not (Test-Program 'dotnet')) { Stop-With 'missing: the .NET 10 SDK (https://dotnet.microsoft.com/download/dotnet/10.0)' }

Push-Location $root
try {
    switch ($verb) {
        'build' { Build-Solution @rest }
        'run' { Invoke-Project 'samples/Demo' $rest }
        'test' { Invoke-Tests $rest }
        'conformance' { Invoke-Project 'conformance/Runner' $rest }
        'bench' { if ($rest.Count -gt 0 -and $rest[0] -eq 'micro') { & dotnet run -c Release --project bench/Micro -- @($rest | Select-Object -Skip 1) } else { Invoke-Project 'bench/Engine.Bench' $rest } }
        'aot' { Invoke-Aot $rest }
        'docs' { Invoke-Docs }
        'pack' { Invoke-Pack }
        'release' { Invoke-Release $rest }
        'format' {
            Invoke-Dotnet restore Engine.sln -v quiet --nologo
            $check = @(if ($env:CI -eq 'true' -or $rest -contains '--check') { '--verify-no-changes' })
            Invoke-Dotnet format Engine.sln --no-restore --severity warn @check
        }
        'api' {
            Invoke-Dotnet build tests/House.Tests -c Release -v quiet --nologo
            $env:ENGINE_WRITE_API = '1'
            Invoke-Dotnet test tests/House.Tests -c Release --no-build --nologo --filter 'FullyQualifiedName~PublicApiTests'
        }
        default {
            [Console]::Error.WriteLine("unknown verb: $verb")
            Show-Usage
            exit 2
        }
    }
}
finally {
    Pop-Location
}
