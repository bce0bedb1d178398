using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;

namespace Engine.TypeScript.Tool;

/// <summary>Reads the contract out of an assembly's metadata. The assembly is not loaded: none of its code runs, and what it refers to need not be there.</summary>
internal static class ContractFile
{
    private const string Key = "Engine.TypeScript.Contract";

    /// <summary>Reads the contract of an assembly.</summary>
    /// <exception cref="ContractException">The file is no assembly, has no contract, or has one of another version.</exception>
    public static ContractDocument Read(string path)
    {
        try
        {
            using var file = new PEReader(new MemoryStream(File.ReadAllBytes(path)));
            if (file.HasMetadata && Find(file.GetMetadataReader()) is { } json)
            {
                ContractDocument document = JsonSerializer.Deserialize(json, ContractDocumentJson.Default.ContractDocument)!;
                return document.Version == ContractDocument.KnownVersion
                    ? document
                    : throw new ContractException($"{path} has a contract of version {document.Version}, and this tool reads {ContractDocument.KnownVersion}: install the tool of the same version as the package");
            }
        }
        catch (BadImageFormatException)
        {
            throw new ContractException($"{path} is no .NET assembly");
        }

        throw new ContractException($"{path} has no contract: does its project reference Engine.TypeScript, and have a type with [Message] or [Contract]?");
    }

    private static string? Find(MetadataReader reader)
    {
        foreach (CustomAttributeHandle handle in reader.GetAssemblyDefinition().GetCustomAttributes())
        {
            CustomAttribute attribute = reader.GetCustomAttribute(handle);
            if (attribute.Constructor.Kind == HandleKind.MemberReference
                && reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } parent
                && reader.StringComparer.Equals(reader.GetTypeReference((TypeReferenceHandle)parent).Name, "AssemblyMetadataAttribute"))
            {
                // ECMA-335 II.23.3: a prolog of two bytes, then the two strings of the constructor.
                BlobReader value = reader.GetBlobReader(attribute.Value);
                value.ReadUInt16();
                if (value.ReadSerializedString() == Key)
                {
                    return value.ReadSerializedString();
                }
            }
        }

        return null;
    }
}
