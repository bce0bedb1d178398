using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>Checks the section <c>Engine</c>, and that every server that it configures was added. Each sentence begins with the key.</summary>
internal sealed class HostOptionsValidator(IServiceProvider services, ServerCatalogue catalogue) : IValidateOptions<EngineHostOptions>
{
    private static readonly HashSet<string> Keys = new(StringComparer.OrdinalIgnoreCase)
    {
        "Servers",
        nameof(EngineHostOptions.DrainDelay),
        nameof(EngineHostOptions.DrainTimeout),
        nameof(EngineHostOptions.CertificateCheckInterval),
        nameof(EngineHostOptions.MaxLoopLag),
        nameof(EngineHostOptions.NotifySystemd),
    };

    public ValidateOptionsResult Validate(string? name, EngineHostOptions options)
    {
        List<string> errors = [];
        if (options.DrainDelay < TimeSpan.Zero)
        {
            errors.Add(Sentence(nameof(options.DrainDelay), "must not be negative"));
        }

        if (options.DrainTimeout < TimeSpan.Zero)
        {
            errors.Add(Sentence(nameof(options.DrainTimeout), "must not be negative"));
        }

        if (options.CertificateCheckInterval < TimeSpan.FromMilliseconds(10))
        {
            errors.Add(Sentence(nameof(options.CertificateCheckInterval), "must be 10 milliseconds at least"));
        }

        if (options.MaxLoopLag <= TimeSpan.Zero)
        {
            errors.Add(Sentence(nameof(options.MaxLoopLag), "must be positive"));
        }

        if (services.GetService<IConfiguration>() is { } configuration)
        {
            errors.AddRange(configuration.GetSection(HostOptionsBinder.Section).GetChildren().Where(child => !Keys.Contains(child.Key)).Select(child => $"{child.Path}: there is no such key."));
            errors.AddRange(
                configuration.GetSection(HostOptionsBinder.ServersSection).GetChildren()
                    .Where(child => catalogue.Find(child.Key) is null)
                    .Select(child => $"{child.Path}: no server of that name was added; there are: {string.Join(", ", catalogue.Definitions.Select(definition => definition.Name))}."));
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static string Sentence(string key, string what) => $"{HostOptionsBinder.Section}:{key}: {what}.";
}
