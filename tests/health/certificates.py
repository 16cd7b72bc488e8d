# SPDX-License-Identifier: BSD-3-Clause
"""Certificates of an authority that exists for one test alone, made by openssl."""

import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*words, text=None):
    done = subprocess.run(["openssl", *map(str, words)], input=text, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    """Signs for any name. `certificate` is what a client has to trust."""

    def __init__(self, directory):
        self._directory = directory
        self.certificate = directory / "authority.pem"
        self._key = directory / "authority.key"
        _openssl("req", "-x509", *KEY, "-keyout", self._key, "-out", self.certificate,
                 "-subj", "/CN=authority", "-days", 2)

    def sign(self, name, alternative, days=2):
        """A file with a certificate for an alternative name, as "DNS:a.example", and its key."""
        key = self._directory / f"{name}.key"
        names = self._directory / f"{name}.ext"
        names.write_text(f"subjectAltName={alternative}\n")
        request = _openssl("req", *KEY, "-keyout", key, "-subj", f"/CN={name}")
        signed = _openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self._key,
                          "-CAcreateserial", "-days", days, "-extfile", names, text=request)
        return self._write(name, signed, key)

    def self_signed(self, name, alternative):
        key = self._directory / f"{name}.key"
        signed = _openssl("req", "-x509", *KEY, "-keyout", key, "-subj", f"/CN={name}", "-days", 2,
                          "-addext", f"subjectAltName={alternative}")
        return self._write(name, signed, key)

    def _write(self, name, signed, key):
        path = self._directory / f"{name}.pem"
        path.write_text(signed + key.read_text())
        return path
