// Puts the controller of `stored` into Nest with the forwarder it hands its batches to.
import { type DynamicModule, Module } from '@nestjs/common';
import { Forwarder } from './forwarder';
import { StoredController } from './stored.controller';

@Module({})
export class DeliveryModule {
  static with(forwarder: Forwarder): DynamicModule {
    return {
      module: DeliveryModule,
      controllers: [StoredController],
      providers: [{ provide: Forwarder, useValue: forwarder }],
    };
  }
}
