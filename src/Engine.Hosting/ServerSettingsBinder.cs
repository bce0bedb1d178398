using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>Binds a server's section. What cannot be bound, and keys that do not exist, are errors that name the section.</summary>
internal sealed class ServerSettingsBinder(IServiceProvider services, ServerCatalogue catalogue) : IConfigureNamedOptions<HttpServerSettings>
{
    /// <summary>The section of a server.</summary>
    public static string SectionOf(string? name) => $"{HostOptionsBinder.ServersSection}:{name}";

    public void Configure(HttpServerSettings options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, HttpServerSettings options)
    {
        if (catalogue.Find(name) is null || services.GetService<IConfiguration>() is not { } configuration)
        {
            return;
        }

        IConfigurationSection section = configuration.GetSection(SectionOf(name));
        try
        {
            section.Bind(options, static binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            string inner = exception.InnerException is { } cause ? " " + cause.Message : "";
            throw new OptionsValidationException(name!, typeof(HttpServerSettings), [$"{section.Path}: {exception.Message}{inner}"]);
        }
    }
}
