package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"flag"
	"fmt"
	"strings"
	"time"
)

// describe prints the fields of a certificate as Go reads them, names both as
// text and as bytes, so that two certificates can be compared field by field.
func describe(args []string) (answer, error) {
	flags := flag.NewFlagSet("describe", flag.ExitOnError)
	file := flags.String("cert", "", "PEM file")
	flags.Parse(args)
	blocks, err := certificateBlocks(*file)
	if err != nil {
		return answer{}, err
	}
	certificate, err := x509.ParseCertificate(blocks[0])
	if err != nil {
		return verdict(err), nil
	}
	addresses := []string{}
	for _, address := range certificate.IPAddresses {
		addresses = append(addresses, address.String())
	}
	critical := []string{}
	for _, extension := range certificate.Extensions {
		if extension.Critical {
			critical = append(critical, extension.Id.String())
		}
	}
	names := certificate.DNSNames
	if names == nil {
		names = []string{}
	}
	return answer{true, map[string]any{
		"version":            certificate.Version,
		"subject":            certificate.Subject.String(),
		"subject_der":        hex.EncodeToString(certificate.RawSubject),
		"issuer":             certificate.Issuer.String(),
		"issuer_der":         hex.EncodeToString(certificate.RawIssuer),
		"serial":             certificate.SerialNumber.String(),
		"serial_bits":        certificate.SerialNumber.BitLen(),
		"not_before":         certificate.NotBefore.UTC().Format(time.RFC3339),
		"not_after":          certificate.NotAfter.UTC().Format(time.RFC3339),
		"validity_seconds":   int64(certificate.NotAfter.Sub(certificate.NotBefore).Seconds()),
		"dns":                names,
		"ip":                 addresses,
		"emails":             len(certificate.EmailAddresses),
		"uris":               len(certificate.URIs),
		"key":                keyType(certificate),
		"signature":          certificate.SignatureAlgorithm.String(),
		"key_usage":          keyUsages(certificate.KeyUsage),
		"extended_key_usage": extendedKeyUsages(certificate.ExtKeyUsage),
		"basic_constraints":  certificate.BasicConstraintsValid,
		"is_ca":              certificate.IsCA,
		"max_path_len":       certificate.MaxPathLen,
		"subject_key_id":     hex.EncodeToString(certificate.SubjectKeyId),
		"authority_key_id":   hex.EncodeToString(certificate.AuthorityKeyId),
		"critical":           strings.Join(critical, " "),
	}}, nil
}

func keyType(certificate *x509.Certificate) string {
	switch key := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("rsa-%d e=%d", key.N.BitLen(), key.E)
	case *ecdsa.PublicKey:
		return "ecdsa-" + strings.ToLower(strings.ReplaceAll(key.Curve.Params().Name, "-", ""))
	case ed25519.PublicKey:
		return "ed25519"
	}
	return certificate.PublicKeyAlgorithm.String()
}

func keyUsages(usage x509.KeyUsage) string {
	names := []string{
		"digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment",
		"keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
	}
	var set []string
	for bit, name := range names {
		if usage&(1<<bit) != 0 {
			set = append(set, name)
		}
	}
	return strings.Join(set, " ")
}

func extendedKeyUsages(usages []x509.ExtKeyUsage) string {
	var set []string
	for _, usage := range usages {
		switch usage {
		case x509.ExtKeyUsageServerAuth:
			set = append(set, "serverAuth")
		case x509.ExtKeyUsageClientAuth:
			set = append(set, "clientAuth")
		default:
			set = append(set, fmt.Sprintf("other(%d)", usage))
		}
	}
	return strings.Join(set, " ")
}
