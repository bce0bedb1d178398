using Microsoft.CodeAnalysis;

namespace Engine.TypeScript.Generator;

/// <summary>What a contract must not hold.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor Unsupported = Rule("ENGTS001", "Type has no place in a contract", "{0} has no place in a contract");
    public static readonly DiagnosticDescriptor Construction = Rule("ENGTS002", "Type cannot be constructed", "{0}");
    public static readonly DiagnosticDescriptor Handler = Rule("ENGTS003", "Handler cannot be completed", "{0}");
    public static readonly DiagnosticDescriptor Ambiguous = Rule("ENGTS004", "Name is taken", "{0}");

    public static readonly IReadOnlyDictionary<string, DiagnosticDescriptor> All =
        new[] { Unsupported, Construction, Handler, Ambiguous }.ToDictionary(static rule => rule.Id);

    private static DiagnosticDescriptor Rule(string id, string title, string message) => new(id, title, message, "Engine.TypeScript", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
