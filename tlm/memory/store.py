"""The bytes a memory holds: sparse, in pages allocated when first written; what was never written is zero."""

from __future__ import annotations

PAGE_BITS = 16
PAGE_BYTES = 1 << PAGE_BITS


class Store:
    """A sparse array of bytes; the caller keeps addresses within the memory's capacity."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, memoryview] = {}

    def read(self, address: int, into: memoryview) -> None:
        """Fill `into`, flat bytes, from `address` on."""
        done, length = 0, len(into)
        while done < length:
            offset = address + done & PAGE_BYTES - 1
            size = min(length - done, PAGE_BYTES - offset)
            page = self._pages.get(address + done >> PAGE_BITS)
            into[done : done + size] = bytes(size) if page is None else page[offset : offset + size]
            done += size

    def write(self, address: int, data: memoryview) -> None:
        """Put `data`, flat bytes, at `address`."""
        done, length = 0, len(data)
        while done < length:
            number, offset = address + done >> PAGE_BITS, address + done & PAGE_BYTES - 1
            size = min(length - done, PAGE_BYTES - offset)
            page = self._pages.get(number)
            if page is None:
                page = self._pages[number] = memoryview(bytearray(PAGE_BYTES))
            page[offset : offset + size] = data[done : done + size]
            done += size
