"""The sealer of the machine the tests run on: `cryptography` on a desk, WebCrypto in the browser's runtime."""

from app.device.folder import IN_BROWSER
from app.ports import Sealer


async def sealer_of(key: bytes) -> Sealer:
    """Of one data key."""
    if IN_BROWSER:
        from app.device.browser.sealing import WebCryptoSealer

        return await WebCryptoSealer.of(key)
    from app.device.sealing import AesGcmSealer

    return AesGcmSealer(key)
