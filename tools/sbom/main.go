// Command sbom prints what is in a Go binary, as a CycloneDX document. What it says comes from
// the binary alone: the list of modules that the linker wrote into it, not a go.mod file
// that may have changed since. The same binary always gives the same document.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sbom BINARY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "sbom: %v\n", err)
		os.Exit(1)
	}
}

func run(binary string, out io.Writer) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	bom, err := describe(info, sha256.Sum256(data))
	if err != nil {
		return fmt.Errorf("%s: %w", binary, err)
	}
	return cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
}

// describe makes the document. It has no serial number, and the commit's time for its own,
// so that two who build the same commit can compare documents too.
func describe(info *debug.BuildInfo, sum [sha256.Size]byte) (*cdx.BOM, error) {
	program := component(cdx.ComponentTypeApplication, info.Main.Path, info.Main.Version)
	program.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Component: &program}

	var settings []cdx.Property
	for _, s := range info.Settings {
		settings = append(settings, cdx.Property{Name: "go:" + s.Key, Value: s.Value})
		if s.Key == "vcs.time" {
			bom.Metadata.Timestamp = s.Value
		}
	}
	program.Properties = &settings

	parts := []cdx.Component{component(cdx.ComponentTypeLibrary, "std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		part := component(cdx.ComponentTypeLibrary, dep.Path, dep.Version)
		if dep.Sum != "" {
			sum, err := treeHash(dep.Sum)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", dep.Path, dep.Version, err)
			}
			part.Hashes = &[]cdx.Hash{sum}
		}
		parts = append(parts, part)
	}
	var needs []string
	for _, part := range parts {
		needs = append(needs, part.BOMRef)
	}
	bom.Components = &parts
	bom.Dependencies = &[]cdx.Dependency{{Ref: program.BOMRef, Dependencies: &needs}}
	return bom, nil
}

func component(kind cdx.ComponentType, path, version string) cdx.Component {
	purl := "pkg:golang/" + path
	if version != "" {
		purl += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	return cdx.Component{Type: kind, BOMRef: purl, PackageURL: purl, Name: path, Version: version}
}

// treeHash turns h1:…, as go.sum has it, into CycloneDX's form. It is the SHA-256 of the list of
// the module's files and their hashes, so no single file has it.
func treeHash(h1 string) (cdx.Hash, error) {
	text, ok := strings.CutPrefix(h1, "h1:")
	sum, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(sum) != sha256.Size {
		return cdx.Hash{}, fmt.Errorf("%q is no h1 hash", h1)
	}
	return cdx.Hash{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}, nil
}
