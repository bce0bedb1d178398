using System.Runtime.InteropServices;
using Engine.TypeScript.Tool;

if (ToolOptions.Parse(args, out string reason) is not { } options)
{
    Console.Error.WriteLine(reason);
    Console.Error.WriteLine(ToolOptions.Usage);
    return 2;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await new ContractTool(options, Console.Out, Console.Error).RunAsync(stop.Token).ConfigureAwait(false);
