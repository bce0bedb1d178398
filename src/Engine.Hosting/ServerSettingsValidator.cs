using System.Net;
using Microsoft.Extensions.Options;

namespace Engine.Hosting;

/// <summary>Checks a server's settings when the host starts. Each sentence begins with the key that is wrong.</summary>
internal sealed class ServerSettingsValidator(ServerCatalogue catalogue) : IValidateOptions<HttpServerSettings>
{
    public ValidateOptionsResult Validate(string? name, HttpServerSettings options)
    {
        if (catalogue.Find(name) is null)
        {
            return ValidateOptionsResult.Skip;
        }

        string section = ServerSettingsBinder.SectionOf(name);
        List<string> errors = [];
        IReadOnlyList<InheritedEndPoint> inherited = InheritedEndPoint.FromEnvironment();
        for (int i = 0; i < options.Listen.Count; i++)
        {
            EndPointText.Parse(options.Listen[i], inherited, out string? error);
            if (error is not null)
            {
                errors.Add($"{section}:Listen:{i}: \"{options.Listen[i]}\" is no end point to listen on: {error}.");
            }
        }

        for (int i = 0; i < options.TrustedProxies.Count; i++)
        {
            if (!IPNetwork.TryParse(options.TrustedProxies[i], out _))
            {
                errors.Add($"{section}:TrustedProxies:{i}: \"{options.TrustedProxies[i]}\" is no network such as 10.0.0.0/8.");
            }
        }

        for (int i = 0; i < options.Certificates.Count; i++)
        {
            CheckCertificate(options.Certificates[i], $"{section}:Certificates:{i}", errors);
        }

        if (!Enum.IsDefined(options.Transport))
        {
            errors.Add($"{section}:{nameof(options.Transport)}: {options.Transport} is no transport.");
        }

        Try(options.Limits.Validate, section + ":Limits", errors);
        Try(options.Connections.Validate, section + ":Connections", errors);
        Try(() => ServerFactory.CheckNumbers(options), section, errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckCertificate(CertificateSettings certificate, string section, List<string> errors)
    {
        if (string.IsNullOrWhiteSpace(certificate.HostName))
        {
            errors.Add($"{section}:{nameof(certificate.HostName)}: a host name is needed, or * for every name.");
        }

        if (string.IsNullOrEmpty(certificate.CertificatePath))
        {
            errors.Add($"{section}:{nameof(certificate.CertificatePath)}: a file is needed.");
            return;
        }

        try
        {
            CertificateFile.Load(certificate).Dispose();
        }
        catch (Exception exception) when (CertificateFile.IsUnusable(exception))
        {
            string key = exception is FileNotFoundException missing && missing.FileName == certificate.KeyPath ? nameof(certificate.KeyPath) : nameof(certificate.CertificatePath);
            errors.Add($"{section}:{key}: {exception.Message}");
        }
    }

    private static void Try(Action check, string section, List<string> errors)
    {
        try
        {
            check();
        }
        catch (ArgumentException exception)
        {
            // The parameter is the property; the message repeats it, and the value, in lines and brackets of its own.
            string text = exception.Message.Split('\n')[0].Replace($" (Parameter '{exception.ParamName}')", "", StringComparison.Ordinal);
            errors.Add($"{section}:{exception.ParamName}: {text.TrimEnd()}");
        }
    }
}
