using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace Engine.TypeScript.Generator;

/// <summary>Reads what the comments with three slashes say, also where the compiler was not asked for documentation.</summary>
internal static class Comments
{
    /// <summary>The summary of a symbol; empty for none.</summary>
    public static string Summary(ISymbol symbol) => Text(Read(symbol)?.Element("summary"));

    /// <summary>What a record says of one of its parameters; empty for nothing.</summary>
    public static string Parameter(ISymbol type, string name) => Text(Read(type)?.Elements("param").FirstOrDefault(one => (string?)one.Attribute("name") == name));

    private static XElement? Read(ISymbol symbol)
    {
        SyntaxNode? node = symbol.DeclaringSyntaxReferences.Length > 0 ? symbol.DeclaringSyntaxReferences[0].GetSyntax() : null;
        string xml = node is null
            ? symbol.GetDocumentationCommentXml() ?? ""
            : string.Join("\n", node.GetLeadingTrivia().ToFullString().Split('\n')
                .Select(static line => line.Trim())
                .Where(static line => line.StartsWith("///", StringComparison.Ordinal))
                .Select(static line => line.Substring(3)));
        try
        {
            XElement whole = XElement.Parse($"<doc>{xml}</doc>");
            return whole.Element("member") ?? whole;
        }
        catch (System.Xml.XmlException)
        {
            return null;
        }
    }

    private static string Text(XElement? element)
    {
        if (element is null)
        {
            return "";
        }

        foreach (XElement reference in element.Descendants().Where(static one => one.IsEmpty).ToArray())
        {
            string name = (string?)reference.Attribute("cref") ?? (string?)reference.Attribute("langword") ?? (string?)reference.Attribute("name") ?? "";
            reference.ReplaceWith(name.Substring(name.LastIndexOfAny(['.', ':']) + 1));
        }

        return string.Join(" ", element.Value.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
    }
}
