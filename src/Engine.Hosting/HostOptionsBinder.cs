using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>Binds the section <c>Engine</c>. A host without a configuration keeps the defaults.</summary>
internal sealed class HostOptionsBinder(IServiceProvider services) : IConfigureOptions<EngineHostOptions>
{
    public const string Section = "Engine";
    public const string ServersSection = Section + ":Servers";

    public void Configure(EngineHostOptions options) => services.GetService<IConfiguration>()?.GetSection(Section).Bind(options);
}
