#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Transfers on an I2C adapter, a line each: METHOD ADDRESS BYTES|- READ, where METHOD is rdwr (one
I2C_RDWR with repeated start) or plain (I2C_SLAVE, then write() or read()). Answers the bytes read as
hex, or nack. Run with the environment that the world names."""

import ctypes
import errno
import fcntl
import os
import sys

I2C_SLAVE, I2C_RDWR, I2C_M_RD = 0x0703, 0x0707, 1


class Message(ctypes.Structure):
    _fields_ = [("address", ctypes.c_uint16), ("flags", ctypes.c_uint16),
                ("size", ctypes.c_uint16), ("buffer", ctypes.c_void_p)]


class Transfer(ctypes.Structure):
    _fields_ = [("messages", ctypes.POINTER(Message)), ("count", ctypes.c_uint32)]


def rdwr(adapter, address, write, read):
    out = ctypes.create_string_buffer(write, max(len(write), 1))
    back = ctypes.create_string_buffer(read)
    messages = []
    if write:
        messages.append(Message(address, 0, len(write), ctypes.addressof(out)))
    if read:
        messages.append(Message(address, I2C_M_RD, read, ctypes.addressof(back)))
    array = (Message * len(messages))(*messages)
    fcntl.ioctl(adapter, I2C_RDWR, Transfer(array, len(messages)))
    return back.raw if read else b""


def plain(adapter, address, write, read):
    fcntl.ioctl(adapter, I2C_SLAVE, address)
    if write:
        os.write(adapter, write)
    return os.read(adapter, read) if read else b""


adapter = os.open(sys.argv[1], os.O_RDWR)
methods = {"rdwr": rdwr, "plain": plain}
for line in sys.stdin:
    method, address, write, read = line.split()
    write = b"" if write == "-" else bytes.fromhex(write)
    try:
        print(methods[method](adapter, int(address, 16), write, int(read)).hex(), flush=True)
    except OSError as error:
        if error.errno not in (errno.EREMOTEIO, errno.ENXIO):
            raise
        print("nack", flush=True)
