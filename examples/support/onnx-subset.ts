/**
 * The part of ONNX's file format that the examples write, with the field numbers of the specification
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Readers of ONNX skip what is absent. It stands in code, not
 * in a `.proto` file, so that a compiled copy of the examples needs no file beside it.
 */
export const ONNX_SUBSET = `
syntax = "proto3";
package onnx;

message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  string doc_string = 6;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}

message OperatorSetIdProto {
  string domain = 1;             // empty: the standard operators
  int64 version = 2;
}

message GraphProto {
  repeated NodeProto node = 1;   // in an order in which every value is made before it is used
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}

message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  string domain = 7;
}

message AttributeProto {
  string name = 1;
  float f = 2;
  int64 i = 3;
  bytes s = 4;
  repeated float floats = 7;
  repeated int64 ints = 8;
  int32 type = 20;               // 1 FLOAT, 2 INT, 3 STRING, 6 FLOATS, 7 INTS
}

message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;           // numbers as in ValueInfoProto's elem_type
  repeated bytes string_data = 6;
  string name = 8;
  bytes raw_data = 9;            // little-endian, row-major; not for strings
}

message ValueInfoProto {
  string name = 1;
  TypeProto type = 2;
}

message TypeProto {
  TensorTypeProto tensor_type = 1;
}

message TensorTypeProto {
  int32 elem_type = 1;           // 1 FLOAT, 6 INT32, 7 INT64, 8 STRING, 9 BOOL, 10 FLOAT16, 11 DOUBLE ...
  TensorShapeProto shape = 2;
}

message TensorShapeProto {
  repeated DimensionProto dim = 1;
}

message DimensionProto {
  oneof value {
    int64 dim_value = 1;
    string dim_param = 2;        // a free dimension; equal names are equal lengths
  }
}
`;
