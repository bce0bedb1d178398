using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Engine.TypeScript.Generator;

/// <summary>All that is known from one attribute: the types that can be reached from where it stands.</summary>
/// <param name="Types">The types.</param>
/// <param name="Uses">Those that the user reads and writes.</param>
/// <param name="Handler">The handler, where there is one.</param>
/// <param name="Problems">What is wrong.</param>
internal sealed record RootModel(EquatableArray<TypeModel> Types, EquatableArray<TypeUse> Uses, HandlerModel? Handler, EquatableArray<Problem> Problems);

/// <summary>Something to report, without a hold on the compilation that it was found in.</summary>
/// <param name="Rule">The rule's identity.</param>
/// <param name="Argument">What the message names.</param>
/// <param name="File">The file; null for code that is not here.</param>
/// <param name="Span">Where in the file.</param>
/// <param name="Lines">The lines of that.</param>
internal sealed record Problem(string Rule, string Argument, string? File, TextSpan Span, LinePositionSpan Lines)
{
    public static Problem At(DiagnosticDescriptor rule, ISymbol symbol, string argument)
    {
        Location? location = symbol.Locations.FirstOrDefault(static one => one.IsInSource);
        return new Problem(rule.Id, argument, location?.SourceTree?.FilePath, location?.SourceSpan ?? default, location?.GetLineSpan().Span ?? default);
    }

    public Diagnostic ToDiagnostic() => Diagnostic.Create(Rules.All[Rule], File is null ? Location.None : Location.Create(File, Span, Lines), Argument);
}
