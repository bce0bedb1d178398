namespace Engine;

/// <summary>Whether a TLS server asks its clients for certificates.</summary>
public enum ClientCertificateMode : byte
{
    /// <summary>They are not asked.</summary>
    None = 0,

    /// <summary>They are asked, and served without one too; one that does not hold is refused.</summary>
    Allowed = 1,

    /// <summary>Those without a certificate that holds are refused.</summary>
    Required = 2,
}
