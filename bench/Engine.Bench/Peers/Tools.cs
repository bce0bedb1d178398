using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine.Bench;

/// <summary>What the benchmarks need besides .NET: compilers, wrk, the npm peers, a certificate. Built or installed when first used.</summary>
internal static class Tools
{
    private static readonly Lock Compiling = new();

    public static string Root { get; } = FindRoot();

    public static string Artifacts { get; } = Directory.CreateDirectory(Path.Combine(Root, "artifacts", "bench")).FullName;

    /// <summary>The load generator; the variant with TLS needs OpenSSL's headers.</summary>
    public static string LoadGenerator(bool isTls)
    {
        string[] sources = [.. Directory.GetFiles(Path.Combine(Root, "bench", "Load"), "*.c").Order(StringComparer.Ordinal)];
        if (!isTls)
        {
            return Compile("gcc", "gcc libc6-dev", "load", sources, ["-lpthread"]);
        }

        NeedFile("/usr/include/openssl/ssl.h", "libssl-dev");
        return Compile("gcc", "gcc libc6-dev", "load-tls", sources, ["-DWITH_TLS", "-lpthread", "-lssl", "-lcrypto"]);
    }

    /// <summary>Compiles one of bench's C programs; answers its path.</summary>
    public static string CompileC(string name, string source) => Compile("gcc", "gcc libc6-dev", name, [Path.Combine(Root, "bench", source)], []);

    /// <summary>Compiles one of bench's C programs that use OpenSSL. Returns its path.</summary>
    public static string CompileTls(string name, string source)
    {
        NeedFile("/usr/include/openssl/ssl.h", "libssl-dev");
        return Compile("gcc", "gcc libc6-dev", name, [Path.Combine(Root, "bench", source)], ["-lssl", "-lcrypto"]);
    }

    public static string CompileCpp(string name, string source, string package)
    {
        NeedFile("/usr/include/boost/beast.hpp", package);
        return Compile("g++", "g++", name, [Path.Combine(Root, "bench", source)], ["-std=c++17", "-lpthread"]);
    }

    public static void NeedProgram(string name, string packages)
    {
        if (!TryRun("which", [name]))
        {
            Install(name, packages);
        }
    }

    /// <summary>The program itself: the package named bun puts it in place by a script, which is not run.</summary>
    public static string Bun => NodeFile("node_modules/@oven/bun-linux-x64/bin/bun");

    public static string Deno => NodeFile("node_modules/@deno/linux-x64-glibc/deno");

    /// <summary>A file of the npm peers, installed.</summary>
    public static string NodeFile(string name)
    {
        string folder = Path.Combine(Root, "bench", "Peers", "node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "ws")))
        {
            Console.Error.WriteLine("installing: bun, deno, ws from npm");
            Run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder]);
        }

        return Path.Combine(folder, name);
    }

    /// <summary>Publishes a program for this machine into a folder, unless the folder is newer than what was built. Returns the folder.</summary>
    public static string Publish(string name, string folder, string property)
    {
        string project = Path.GetFileName(folder), output = Path.Combine(Artifacts, "cold", name);
        string built = Path.Combine(Root, folder, "bin", "Release", "net10.0", $"{project}.dll"), stamp = Path.Combine(output, "published");
        if (!File.Exists(stamp) || File.GetLastWriteTimeUtc(stamp) < File.GetLastWriteTimeUtc(built))
        {
            Console.Error.WriteLine($"publishing: {name}");
            string platform = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "linux-arm64" : "linux-x64";

            // The lock files of the packages do not speak of this one operating system.
            Run("dotnet", [
                "publish", Path.Combine(Root, folder), "-c", "Release", "-r", platform, "--self-contained", property.Contains("Aot", StringComparison.Ordinal) ? "true" : "false", property,
                "-p:NuGetLockFilePath=obj/aot.packages.lock.json", "-o", output, "-v", "quiet", "--nologo"]);
            File.WriteAllText(stamp, property);
        }

        return output;
    }

    /// <summary>A certificate for localhost and its key, for the peers that read them from files.</summary>
    public static void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(Artifacts, "certificate.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(Artifacts, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    public static string Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }

    private static string Compile(string compiler, string packages, string name, string[] sources, string[] options)
    {
        string output = Path.Combine(Artifacts, name);
        IEnumerable<string> inputs = sources.Concat(Directory.GetFiles(Path.GetDirectoryName(sources[0])!, "*.h"));

        // The soak starts several loads at once: the first one compiles, and nobody runs what is half written.
        lock (Compiling)
        {
            if (!File.Exists(output) || inputs.Any(input => File.GetLastWriteTimeUtc(input) > File.GetLastWriteTimeUtc(output)))
            {
                NeedProgram(compiler, packages);
                Run(compiler, ["-O2", "-o", output, .. sources, .. options]);
            }
        }

        return output;
    }

    private static void NeedFile(string path, string packages)
    {
        if (!File.Exists(path))
        {
            Install(path, packages);
        }
    }

    private static void Install(string what, string packages)
    {
        if (Environment.UserName != "root")
        {
            throw new InvalidOperationException($"missing: {what} (Debian: apt-get install {packages})");
        }

        Console.Error.WriteLine($"installing: {packages}");
        Run("sh", ["-c", $"DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends {packages} >/dev/null"]);
    }

    private static bool TryRun(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The bench does not run inside the repository.");
    }
}
