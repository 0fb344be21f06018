"""Networks from ONNX files: read, made a torch module operator by operator, and then captured as any other."""
