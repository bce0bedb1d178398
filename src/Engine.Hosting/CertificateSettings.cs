namespace Engine.Hosting;

/// <summary>One certificate in PEM files. When the files change, new handshakes use what is in them; files that cannot be read leave the old one in use.</summary>
public sealed class CertificateSettings
{
    /// <summary>The host name it is for: <c>www.example.org</c>, <c>*.example.org</c>, or <c>*</c>, the default, for every name that has no other.</summary>
    public string HostName { get; set; } = "*";

    /// <summary>The file of the certificate, followed by those of its chain.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>The file of the private key, not encrypted; null when it is in the certificate's file.</summary>
    public string? KeyPath { get; set; }
}
